// A frame of axes that faces the camera from where a shape stands, turned by a fixed angle so that the shape shows
// its depth.
mat3 facing(vec3 at, float turn, float tilt) {
    vec3 out_of = normalize(eye.xyz - at);
    vec3 side = cross(up.xyz, out_of);
    side = length(side) > 1e-3 ? normalize(side) : right.xyz;
    vec3 top = cross(out_of, side);
    float c = cos(turn), s = sin(turn);
    vec3 turned_side = side * c - out_of * s;
    vec3 turned_out = out_of * c + side * s;
    float ct = cos(tilt), st = sin(tilt);
    return mat3(turned_side, top * ct - turned_out * st, turned_out * ct + top * st);
}

// Nearer than its own size a shape fades: the camera flies through it without a flash.
float clear_of_lens(vec3 at, float extent) { return smoothstep(0.35 * extent, 1.5 * extent, distance(at, eye.xyz)); }
