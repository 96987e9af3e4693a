// The uniforms of a frame. The layout is that of `frame.rs`.
layout(std140) uniform Frame {
    mat4 view_projection;
    vec4 eye;      // xyz: the camera in the world; w: time in seconds
    vec4 right;    // xyz: the camera's right; w: the node index travelled so far, fractional
    vec4 up;       // xyz: the camera's up; w: intensity, 0 to 1
    vec4 depth;    // x, y: where fog starts and ends, world units; z: pixels of a world unit one unit away; w: pixels of
                   // a CSS pixel
    vec4 size;     // x, y: the picture in pixels; z, w: how fast light recedes behind and ahead of the agent, per node
    vec4 sky;      // xyz: the middle of the star field; w: its scale
    vec4 drift;    // xyz: how far the stars have slid; w: the share of light that never recedes
};

const vec4 NOWHERE = vec4(2.0, 2.0, 2.0, 1.0);

// Colours arrive as sRGB; light is summed linearly.
vec3 light_of(vec3 srgb) { return pow(max(srgb, 0.0), vec3(2.2)); }

// What is left of a light after the fog, never quite nothing, so that the far end of a run stays in the picture.
float through_fog(vec3 at) {
    float away = distance(at, eye.xyz);
    float clear = 1.0 - smoothstep(depth.x, depth.y, away);
    return mix(0.10 * min(depth.y / max(away, 1e-3), 1.0), 1.0, clear * clear);
}

// 1 behind the agent, 0 ahead of it, with a soft edge half a node wide.
float travelled_at(float index) { return 1.0 - smoothstep(-0.02, 0.5, index - right.w); }

// The last few nodes behind the agent glow a little more: a wake.
float wake_at(float index) { return exp(-0.22 * max(right.w - index, 0.0)) * travelled_at(index); }

// What is far from the agent along the path recedes, so that the thousands of nodes of a long run do not drown where
// it is now. Lines without an index (guides) stay as they are.
float recent(float index) {
    float away = index - right.w;
    return index < -1e5 ? 1.0 : mix(drift.w, 1.0, exp(away < 0.0 ? away * size.z : -away * size.w));
}

// What lies ahead keeps a breath of its colour, so that a failure is seen coming.
vec3 ahead(vec3 light, float keep) {
    float grey = dot(light, vec3(0.2126, 0.7152, 0.0722));
    return mix(vec3(0.62, 0.78, 1.0) * (grey * 0.5 + 0.10), light, keep);
}

// How much glow the viewer asked for.
float glow_gain() { return mix(0.45, 1.55, up.w); }
