in vec4 place;  // xyz, and the length of a side in world units
in vec4 paint;  // sRGB colour, and the node index
in vec4 look;   // x: phase

const int CELLS = 10;
const float MARGIN = 1.36;  // past the edge, room for the edge's glow

out vec2 spot;   // -1 to 1 across the plane
out float swell; // the wave's height here
out vec3 world;
flat out vec3 tint;
flat out float passed;
flat out float phase;

void main() {
    int cell = gl_VertexID / 6;
    int k = gl_VertexID - cell * 6;
    vec2 corner = vec2(k == 1 || k == 2 || k == 4 ? 1.0 : 0.0, k == 2 || k == 4 || k == 5 ? 1.0 : 0.0);
    vec2 uv = (vec2(float(cell % CELLS), float(cell / CELLS)) + corner) / float(CELLS) * 2.0 - 1.0;
    spot = uv * MARGIN;
    phase = look.x;
    float t = eye.w;
    float much = mix(0.6, 1.4, up.w);
    swell = (sin(spot.x * 3.1 + t * 2.2 + phase) + sin(spot.y * 4.3 - t * 1.7 + phase * 1.7)) * 0.5;
    vec2 sway = vec2(sin(spot.y * 5.0 + t * 1.9 + phase), sin(spot.x * 5.6 - t * 2.3 + phase * 2.3)) * 0.055 * much;
    float half_side = place.w * 0.5;
    mat3 axes = facing(place.xyz, 0.42 * sin(phase * 3.0) + 0.10 * sin(t * 0.6 + phase), -0.08);
    world = place.xyz + axes * vec3((spot + sway) * half_side, swell * 0.16 * much * half_side);
    passed = travelled_at(paint.w);
    tint = light_of(paint.rgb) * through_fog(place.xyz) * clear_of_lens(place.xyz, place.w) * recent(paint.w);
    gl_Position = view_projection * vec4(world, 1.0);
}
