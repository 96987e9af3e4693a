flat in vec3 tint;
flat in vec4 along_index;
out vec4 light;

void main() {
    float along;
    vec2 line = line_light(along);
    float index = mix(along_index.x, along_index.y, along);
    float fog = mix(along_index.z, along_index.w, along);
    float passed = travelled_at(index);
    float wake = wake_at(index);
    vec3 bright = tint * (line.x * (2.4 + 2.4 * wake) + line.y * glow_gain() * (0.26 + 0.30 * wake));
    vec3 dim = ahead(tint, 0.25) * (line.x * 0.34 + line.y * 0.03);
    light = vec4(mix(dim, bright, passed) * fog, 1.0);
}
