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
    // A paler heart makes a tube of light of what would be a flat band.
    float most = max(tint.r, max(tint.g, tint.b));
    vec3 heart = mix(tint, vec3(most), 0.13 * line.x * line.x);
    // Only the agent's wake is brighter than a colour can be: white hot at the agent, and soon gone.
    float fade = most > 1.0 ? wake * wake : 1.0;
    float heat = clamp(most - 1.0, 0.0, 1.0) * line.x * fade * 0.55;
    vec3 bright = heart * line.x * (2.4 + 2.4 * wake) + tint * (line.y * glow_gain() * (0.26 + 0.30 * wake));
    vec3 dim = ahead(tint, 0.25) * (line.x * 0.34 + line.y * 0.03);
    light = vec4(mix(dim, bright, passed) * fog * fade, heat);
}
