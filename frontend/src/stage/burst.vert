in vec4 place;  // xyz, and the radius in world units
in vec4 paint;  // sRGB colour, and the node index
in vec4 look;   // x: phase; y: 0 a cage, 1 spikes, 2 spikes torn in two

flat out vec3 tint;
flat out float passed;
flat out vec2 fade;  // how bright the two ends are

const float G = 0.85065081;
const float H = 0.52573111;
const vec3 CORNERS[12] = vec3[12](
    vec3(0, H, G), vec3(0, -H, G), vec3(0, H, -G), vec3(0, -H, -G),
    vec3(H, G, 0), vec3(-H, G, 0), vec3(H, -G, 0), vec3(-H, -G, 0),
    vec3(G, 0, H), vec3(-G, 0, H), vec3(G, 0, -H), vec3(-G, 0, -H));
const ivec2 EDGES[30] = ivec2[30](
    ivec2(0, 1), ivec2(0, 4), ivec2(0, 5), ivec2(0, 8), ivec2(0, 9),
    ivec2(1, 6), ivec2(1, 7), ivec2(1, 8), ivec2(1, 9),
    ivec2(2, 3), ivec2(2, 4), ivec2(2, 5), ivec2(2, 10), ivec2(2, 11),
    ivec2(3, 6), ivec2(3, 7), ivec2(3, 10), ivec2(3, 11),
    ivec2(4, 5), ivec2(4, 8), ivec2(4, 10), ivec2(5, 9), ivec2(5, 11),
    ivec2(6, 7), ivec2(6, 8), ivec2(6, 10), ivec2(7, 9), ivec2(7, 11),
    ivec2(8, 10), ivec2(9, 11));

// A corner of the icosahedron, pushed in and out of shape.
vec3 distorted(int corner, float much) {
    float k = float(corner);
    float push = sin(eye.w * 1.9 + look.x + k * 2.4) * 0.55 + sin(eye.w * 3.1 + look.x * 1.7 + k * 5.1) * 0.45;
    return CORNERS[corner] * (0.86 + 0.24 * much * push);
}

void main() {
    int edge = gl_VertexID / 6;
    float much = mix(0.6, 1.3, up.w);
    float turn = eye.w * 0.22 + look.x;
    mat3 spin = mat3(cos(turn), 0.0, -sin(turn), 0.0, 1.0, 0.0, sin(turn), 0.0, cos(turn));
    vec3 a;
    vec3 b;
    vec2 widths;
    if (look.y < 0.5) {
        a = distorted(EDGES[edge].x, much);
        b = distorted(EDGES[edge].y, much);
        widths = vec2(0.046);
        fade = vec2(1.0);
    } else {
        // Spikes point everywhere (a golden spiral), every other one short.
        float z = 1.0 - (2.0 * float(edge) + 1.0) / 30.0;
        float angle = 2.3999632 * float(edge);
        vec3 way = vec3(sqrt(1.0 - z * z) * vec2(cos(angle), sin(angle)), z);
        float pulse = 0.9 + 0.1 * much * sin(eye.w * 2.7 + look.x + float(edge) * 1.3);
        a = way * 0.12;
        b = way * ((edge & 1) == 0 ? 1.0 : 0.55) * pulse;
        if (look.y > 1.5) {
            vec3 torn = vec3(0.0, way.y > 0.0 ? 0.24 : -0.24, 0.0);
            a += torn;
            b += torn;
        }
        widths = vec2(0.085, 0.012);
        fade = vec2(1.25, 0.25);
    }
    vec2 kept = lay_line(place.xyz + spin * a * place.w, place.xyz + spin * b * place.w, widths * place.w, 4.5,
                         gl_VertexID - edge * 6);
    passed = travelled_at(paint.w);
    float clear = smoothstep(0.8, 2.6, distance(place.xyz, eye.xyz) / place.w);
    tint = light_of(paint.rgb) * recent(paint.w) * through_fog(place.xyz) * clear;
    if (kept.y <= kept.x) tint = vec3(0.0);
}
