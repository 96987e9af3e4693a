in vec2 spot;
in float swell;
in vec3 world;
flat in vec3 tint;
flat in float passed;
flat in float phase;
out vec4 light;

void main() {
    vec2 from_edge = 1.0 - abs(spot);
    // Distance to the rounded outline, positive inside, in halves of a side.
    float inside = from_edge.x < 0.0 && from_edge.y < 0.0 ? -length(from_edge) : min(from_edge.x, from_edge.y);
    float px = max(fwidth(inside), 1e-4);
    float line = max(0.016, px * 0.8);
    float edge = exp(-pow(inside / line, 2.0));
    // Gone, and flat, where the mesh ends: 0.36 outside.
    float off = max(1.0 - abs(inside) / 0.36, 0.0);
    float bloom = off * off * off / (1.0 + 40.0 * inside * inside);
    float body = smoothstep(-px, px, inside);
    vec3 normal = normalize(cross(dFdx(world), dFdy(world)));
    float slant = 1.0 - abs(dot(normal, normalize(eye.xyz - world)));
    float within = exp(-dot(spot, spot) * 1.5);
    float weave = 0.82 + 0.18 * sin((spot.y + 0.06 * swell) * 44.0 + phase) * smoothstep(0.12, 0.02, px);
    float fill = body * weave * (0.10 + 0.30 * within + 0.34 * slant + 0.10 * swell * swell);
    vec3 bright = tint * (edge * 2.6 + bloom * 0.5 * glow_gain() + fill);
    vec3 dim = mix(ahead(tint, 0.55), tint, 0.3) * (edge * 0.42 + fill * 0.3);
    light = vec4(mix(dim, bright, passed), 0.0);
}
