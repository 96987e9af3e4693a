in vec2 spot;
flat in vec2 face;
flat in vec3 tint;
flat in float passed;
flat in float front;
out vec4 light;

void main() {
    vec2 from_edge = (1.0 - abs(spot)) * face;
    float inset = min(from_edge.x, from_edge.y);
    float scale = max(face.x, face.y);
    float px = max(fwidth(inset), 1e-4 * scale);
    float line = max(0.022 * scale, px * 0.9);
    // The line runs just inside the face and has faded out where the face ends, which needs no multisampling.
    float edge = exp(-pow((inset - line * 1.8) / line, 2.0));
    float body = smoothstep(0.0, 2.0 * px, inset);
    float bloom = exp(-inset / (0.16 * scale));
    float within = exp(-dot(spot, spot) * 1.1);
    float hatch = 0.5 + 0.5 * sin((spot.x * face.x + spot.y * face.y) / scale * 17.0);
    hatch = mix(0.5, smoothstep(0.35, 0.65, hatch), smoothstep(0.10, 0.03, px / scale)) * front;
    float fill = body * (0.07 + 0.16 * within * front + 0.11 * hatch);
    vec3 bright = tint * (edge * 1.9 + bloom * body * 0.34 * glow_gain() + fill * 1.5);
    vec3 dim = tint * (edge * 0.36 + fill * 0.35);
    light = vec4(mix(dim, bright, passed), 0.0);
}
