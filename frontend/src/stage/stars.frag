in vec2 spot;
flat in vec3 tint;
out vec4 light;

void main() {
    light = vec4(tint * max(exp(-dot(spot, spot) * 1.4) - 0.0003, 0.0) * (0.4 + 0.1 * up.w), 0.0);
}
