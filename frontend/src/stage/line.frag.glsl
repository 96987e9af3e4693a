// The light of a line at this pixel: a profile across it, swept along it with soft ends. Two swept lines that meet add
// up to one unbroken line, so a path of ten thousand pieces shows no beads where they join.
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

float swept(float x, float long_px, float sigma) {
    float r = 0.70710678 / sigma;
    return 0.5 * (erf_of(x * r) - erf_of((x - long_px) * r));
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
    vec2 sigma = mix(line_sigma.xz, line_sigma.yw, along);
    float core = exp(-0.5 * y * y / (sigma.x * sigma.x)) * swept(x, long_px, sigma.x);
    // The glow falls fast, then slowly, and is exactly nothing where the quad ends (3.2 spreads). Past the line's ends
    // it is round, so that a sharp corner grows no thorns.
    float past = max(max(-x, x - long_px), 0.0);
    float off = length(vec2(y, past)) / sigma.y;
    float fall = max(1.0 - off / 3.2, 0.0);
    float glow = fall * fall / (1.0 + 2.5 * off * off) * swept(x, long_px, sigma.y * 0.5);
    float thin = mix(line_thin.x, line_thin.y, along);
    return vec2(core * thin, glow * thin);
}
