in vec4 from;   // xyz, and the node index there
in vec4 to;
in vec4 paint;  // sRGB colour, and the width in world units

flat out vec3 tint;
flat out vec4 along_index;  // index and fog at both visible ends

void main() {
    vec2 kept = lay_line(from.xyz, to.xyz, vec2(paint.w), 6.0, gl_VertexID);
    vec3 start = mix(from.xyz, to.xyz, kept.x);
    vec3 end = mix(from.xyz, to.xyz, kept.y);
    tint = light_of(paint.rgb) * recent(0.5 * (from.w + to.w));
    along_index = vec4(mix(from.w, to.w, kept.x), mix(from.w, to.w, kept.y), through_fog(start), through_fog(end));
}
