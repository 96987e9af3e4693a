// The light of a line at this pixel: a Gaussian swept along it. Swept rather than capped, two lines that meet add up
// to one unbroken line, so a path of ten thousand pieces shows no beads where they join.
flat in vec4 line_ends;
flat in vec4 line_sigma;
flat in vec2 line_thin;

// Abramowitz and Stegun 7.1.27, error below 5e-4.
float erf_of(float x) {
    float a = abs(x);
    float d = 1.0 + a * (0.278393 + a * (0.230389 + a * (0.000972 + a * 0.078108)));
    d *= d;
    return sign(x) * (1.0 - 1.0 / (d * d));
}

float swept(float x, float y, float long_px, float sigma) {
    float r = 0.70710678 / sigma;
    float side = max(exp(-0.5 * y * y / (sigma * sigma)) - 0.006, 0.0);
    return side * 0.5 * (erf_of(x * r) - erf_of((x - long_px) * r));
}

// x: the core, y: the glow; `along` is the position along the visible part, 0 to 1.
vec2 line_light(out float along) {
    vec2 span = line_ends.zw - line_ends.xy;
    float long_px = length(span);
    vec2 way = long_px > 1e-3 ? span / long_px : vec2(1.0, 0.0);
    vec2 p = gl_FragCoord.xy - line_ends.xy;
    float x = dot(p, way);
    float y = way.x * p.y - way.y * p.x;
    along = clamp(x / max(long_px, 1e-3), 0.0, 1.0);
    float core = swept(x, y, long_px, mix(line_sigma.x, line_sigma.y, along));
    float glow = swept(x, y, long_px, mix(line_sigma.z, line_sigma.w, along));
    float thin = mix(line_thin.x, line_thin.y, along);
    return vec2(core * thin, glow * thin);
}
