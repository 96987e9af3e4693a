// Maps summed light to the screen: a night sky as background, a shoulder for bright values, a vignette, and grain
// against banding.
uniform sampler2D hdr;
out vec4 picture;

// Interleaved gradient noise (Jimenez, 2014): spreads rounding errors evenly, without texture or time.
float grain(vec2 at) { return fract(52.9829189 * fract(dot(at, vec2(0.06711056, 0.00583715)))); }

void main() {
    vec2 at = gl_FragCoord.xy / size.xy;
    vec4 exposure = max(texelFetch(hdr, ivec2(gl_FragCoord.xy), 0), 0.0);
    vec3 sum = exposure.rgb;

    // The brightest channel is compressed and the others follow it, so piled-up light keeps its hue.
    // Only what says so itself bleaches to white: the agent's heart, whose heat is the fourth channel.
    float most = max(max(sum.r, sum.g), max(sum.b, 1e-5));
    float exposed = most * 1.25;
    float pressed = exposed * (1.0 + exposed / 196.0) / (1.0 + exposed);
    vec3 lit = sum / most * pressed;
    lit = mix(lit, vec3(pressed), smoothstep(0.0, 0.9, exposure.a));

    vec2 middle = vec2((at.x - 0.5) * 1.0, (at.y - 0.58) * 1.1);
    float far = clamp(length(middle) / 0.66, 0.0, 1.0);
    vec3 sky = mix(vec3(0.066, 0.086, 0.140), vec3(0.027, 0.031, 0.043), smoothstep(0.0, 1.0, far));
    sky = pow(sky, vec3(2.2));
    vec3 both = sky * (1.0 - 0.6 * pressed) + lit;
    vec2 v = at - 0.5;
    both *= 1.0 - 0.55 * smoothstep(0.35, 0.85, length(v) * 1.1);
    vec3 shown = pow(clamp(both, 0.0, 1.0), vec3(1.0 / 2.2));
    picture = vec4(shown + (grain(gl_FragCoord.xy) - 0.5) * (1.5 / 255.0), 1.0);
}
