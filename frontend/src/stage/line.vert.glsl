// Lays a line of light between two points of the world as a quad on the screen, wide enough for its glow.
flat out vec4 line_ends;   // the two ends in pixels
flat out vec4 line_sigma;  // spread of the core at both ends, then of the glow at both ends, in pixels
flat out vec2 line_thin;   // at both ends: the share of the core's light left where it is thinner than a pixel

const float NEAREST = 0.05;
const float REACH = 3.2;   // spreads beyond which a line gives no light

vec2 corner_of(int vertex) {
    return vec2(vertex == 1 || vertex == 2 || vertex == 4 ? 1.0 : 0.0,
                vertex == 2 || vertex == 4 || vertex == 5 ? 1.0 : 0.0);
}

// `halo` is how much wider the glow is than the core. Answers the part of the line in front of the camera as
// positions along it, 0 to 1; an empty part when nothing is.
vec2 lay_line(vec3 a, vec3 b, vec2 widths, float halo, int vertex) {
    vec4 clip_a = view_projection * vec4(a, 1.0);
    vec4 clip_b = view_projection * vec4(b, 1.0);
    vec2 kept = vec2(0.0, 1.0);
    line_ends = vec4(0.0);
    line_sigma = vec4(1.0);
    line_thin = vec2(0.0);
    gl_Position = NOWHERE;
    if (max(clip_a.w, clip_b.w) <= NEAREST) return vec2(0.0);
    if (clip_a.w < NEAREST) {
        kept.x = (NEAREST - clip_a.w) / (clip_b.w - clip_a.w);
    } else if (clip_b.w < NEAREST) {
        kept.y = 1.0 - (NEAREST - clip_b.w) / (clip_a.w - clip_b.w);
    }
    vec4 from = mix(clip_a, clip_b, kept.x);
    vec4 to = mix(clip_a, clip_b, kept.y);
    vec2 start = (from.xy / from.w * 0.5 + 0.5) * size.xy;
    vec2 end = (to.xy / to.w * 0.5 + 0.5) * size.xy;
    vec2 spread = 0.42 * vec2(mix(widths.x, widths.y, kept.x), mix(widths.x, widths.y, kept.y)) * depth.z
        / vec2(from.w, to.w);
    float thinnest = 0.72 * depth.w;
    vec2 core = clamp(spread, thinnest, 0.006 * size.y);
    vec2 wide = clamp(spread * halo, thinnest * halo, 0.034 * size.y);
    vec2 along = end - start;
    float long_px = length(along);
    along = long_px > 1e-3 ? along / long_px : vec2(1.0, 0.0);
    vec2 across = vec2(-along.y, along.x);
    vec2 corner = corner_of(vertex);
    vec2 margin = REACH * max(wide, core);
    vec2 px = corner.x < 0.5 ? start - along * margin.x : end + along * margin.y;
    px += across * (corner.y * 2.0 - 1.0) * mix(margin.x, margin.y, corner.x);
    line_ends = vec4(start, end);
    line_sigma = vec4(core, wide);
    line_thin = sqrt(clamp(spread / thinnest, 0.0, 1.0));
    gl_Position = vec4(px / size.xy * 2.0 - 1.0, 0.0, 1.0);
    return kept;
}
