in vec2 spot;
flat in vec3 tint;
flat in vec4 how;
flat in vec2 passing;
flat in float soft;
out vec4 light;

// Falls from 1 at the middle to exactly 0 at the quad's edge, as light does: fast, then slowly.
float halo(float d, float reach) {
    float edge = max(1.0 - d / reach, 0.0);
    return edge * edge / (1.0 + 2.2 * d * d);
}

float disc(float d) { return 1.0 - smoothstep(1.0 - soft, 1.0 + soft, d); }

void main() {
    float d = length(spot);
    if (d > how.z) discard;
    float glow = halo(d, how.z) * how.y * glow_gain();
    vec3 sum;
    float heat = 0.0;
    if (how.x < 0.5) {
        // A node: a small lit bead.
        float bead = disc(d) * mix(0.08, 1.0, pow(max(1.0 - d * d, 0.0), 1.5));
        float heart = exp(-d * d * 5.0);
        vec3 pale = mix(tint, vec3(max(tint.r, max(tint.g, tint.b))), 0.35);
        vec3 bright = tint * (bead * (2.0 + 2.0 * passing.y) + glow * 0.75) + pale * heart * bead * 2.2;
        vec3 dim = ahead(tint, 0.4) * (bead * 0.30 + glow * 0.05);
        sum = mix(dim, bright, passing.x);
    } else if (how.x < 1.5) {
        // A failure's light: no body, only glow, breathing slowly.
        float breath = 0.86 + 0.14 * sin(eye.w * 2.1 + how.w);
        sum = tint * glow * breath * mix(0.22, 1.0, passing.x);
    } else if (how.x < 2.5) {
        // The agent: white hot inside, its own colour around, and a thin cross of light.
        float hot = exp(-d * d * 4.2);
        float warm = exp(-d * d * 1.1);
        heat = hot;
        vec2 c = abs(spot);
        float edge = max(1.0 - d / how.z, 0.0);
        float rays = (exp(-c.y * 7.0) * exp(-c.x * 0.42) + exp(-c.x * 7.0) * exp(-c.y * 0.62)) * edge;
        float breath = 0.94 + 0.06 * sin(eye.w * 2.6);
        sum = vec3(0.93, 0.97, 1.0) * hot * 16.0 + tint * (warm * 4.2 + glow * 5.4 * breath + rays * 0.5);
    } else {
        // The selected node: a reticle of four arcs, with a fainter whole circle outside it.
        float line = max(0.045, soft * 0.85);
        float turn = atan(spot.y, spot.x) + eye.w * 0.25;
        float gap = smoothstep(0.16, 0.20, abs(fract(turn / 1.5707963 + 0.5) - 0.5));
        float arc = exp(-pow((d - 1.0) / line, 2.0)) * gap;
        float outer = exp(-pow((d - 1.22) / (line * 0.7), 2.0)) * 0.3;
        float haze = exp(-pow((d - 1.0) / 0.22, 2.0)) * 0.10 * glow_gain();
        sum = tint * (arc * 2.6 + outer + haze) * how.y;
    }
    light = vec4(sum, heat);
}
