in vec4 place;  // xyz, and the height in world units
in vec4 paint;  // sRGB colour, and the node index
in vec4 look;   // x: phase

out vec2 spot;      // -1 to 1 across the face
flat out vec2 face; // half extents of this face in world units
flat out vec3 tint;
flat out float passed;
flat out float front;

void main() {
    int side = gl_VertexID / 6;
    int k = gl_VertexID - side * 6;
    spot = vec2(k == 1 || k == 2 || k == 4 ? 1.0 : -1.0, k == 2 || k == 4 || k == 5 ? 1.0 : -1.0);
    vec3 extent = vec3(0.5, 0.5, 0.125) * place.w;
    float sign_of = (side & 1) == 0 ? 1.0 : -1.0;
    vec3 local;
    if (side < 2) { local = vec3(spot, sign_of); face = extent.xy; }
    else if (side < 4) { local = vec3(sign_of, spot.y, spot.x); face = extent.zy; }
    else { local = vec3(spot.x, sign_of, spot.y); face = extent.xz; }
    front = side == 0 ? 1.0 : 0.0;
    mat3 axes = facing(place.xyz, 0.50 * (fract(look.x * 0.159155) < 0.5 ? -1.0 : 1.0), -0.22);
    vec3 world = place.xyz + axes * (local * extent);
    passed = travelled_at(paint.w);
    tint = light_of(paint.rgb) * through_fog(place.xyz) * clear_of_lens(place.xyz, place.w) * recent(paint.w);
    gl_Position = view_projection * vec4(world, 1.0);
}
