in vec4 place;  // xyz in a cube of 200 to each side, and the brightness, 0 to 1

const float HALF = 200.0;

out vec2 spot;
flat out vec3 tint;

void main() {
    vec3 slid = mod(place.xyz - drift.xyz + HALF, 2.0 * HALF) - HALF;
    vec4 clip = view_projection * vec4(sky.xyz + sky.w * slid, 1.0);
    spot = vec2(0.0);
    tint = vec3(0.0);
    gl_Position = NOWHERE;
    // Stars are far away: one that happens to lie among the nodes would read as data.
    if (clip.w < 12.0) return;
    float px = mix(0.55, 0.95, place.w * place.w) * depth.w;
    float own = fract(dot(place.xyz, vec3(0.137, 0.731, 0.419)));
    float twinkle = 0.8 + 0.2 * sin(eye.w * (0.4 + own) + own * 40.0);
    // One in nine is violet, as the model's own colour; the others are cold white.
    vec3 color = own < 0.11 ? vec3(0.30, 0.14, 0.95) : mix(vec3(0.75, 0.85, 1.0), vec3(1.0), own);
    vec2 corner = vec2(gl_VertexID == 1 || gl_VertexID == 2 || gl_VertexID == 4 ? 1.0 : -1.0,
                       gl_VertexID == 2 || gl_VertexID == 4 || gl_VertexID == 5 ? 1.0 : -1.0);
    spot = corner * 2.4;
    tint = color * place.w * place.w * twinkle * smoothstep(12.0, 45.0, clip.w);
    gl_Position = vec4(clip.xy / clip.w + spot * px * 2.0 / size.xy, 0.0, 1.0);
}
