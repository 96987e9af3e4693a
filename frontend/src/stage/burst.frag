flat in vec3 tint;
flat in float passed;
flat in vec2 fade;
out vec4 light;

void main() {
    float along;
    vec2 line = line_light(along);
    float lit = mix(fade.x, fade.y, along);
    vec3 bright = tint * lit * (line.x * 1.9 + line.y * 0.16 * glow_gain());
    vec3 dim = mix(ahead(tint, 0.55), tint, 0.3) * lit * line.x * 0.32;
    light = vec4(mix(dim, bright, passed), 0.0);
}
