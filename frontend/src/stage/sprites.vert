in vec4 place;  // xyz, and the radius in world units
in vec4 paint;  // sRGB colour, and the node index
in vec4 look;   // x: which look, see sprites.rs; y: its strength; z: how many radii its light reaches; w: phase

out vec2 spot;  // in radii
flat out vec3 tint;
flat out vec4 how;       // which look, strength, reach, phase
flat out vec2 passing;   // travelled, wake
flat out float soft;     // radii of one pixel

void main() {
    vec4 clip = view_projection * vec4(place.xyz, 1.0);
    spot = vec2(0.0);
    tint = vec3(0.0);
    how = look;
    passing = vec2(0.0);
    soft = 1.0;
    gl_Position = NOWHERE;
    if (clip.w < 0.08) return;
    float true_px = place.w * depth.z / clip.w;
    // The agent and the selection are found from any distance. Of the others, one smaller than a pixel is drawn a pixel
    // wide and fainter. One at the lens fades instead of filling the picture.
    bool marks = look.x > 1.5;
    float least = (marks ? (look.x > 2.5 ? 9.0 : 10.5) : 1.3) * depth.w;
    float most = (look.x > 2.5 ? 0.14 : look.x > 0.5 && look.x < 1.5 ? 0.09 : 0.032) * size.y;
    float px = clamp(true_px, least, max(least, most));
    float smaller = clamp(true_px / px, 0.0, 1.0);
    float share = marks ? 1.0 : smaller * sqrt(smaller);
    float lens = marks ? smoothstep(0.5, 9.0, clip.w) : smoothstep(0.3, 2.4, clip.w);
    vec2 corner = vec2(gl_VertexID == 1 || gl_VertexID == 2 || gl_VertexID == 4 ? 1.0 : -1.0,
                       gl_VertexID == 2 || gl_VertexID == 4 || gl_VertexID == 5 ? 1.0 : -1.0);
    spot = corner * look.z;
    soft = 1.0 / px;
    float fog = marks ? max(through_fog(place.xyz), 0.55) : through_fog(place.xyz);
    tint = light_of(paint.rgb) * fog * share * lens * recent(paint.w);
    passing = vec2(travelled_at(paint.w), wake_at(paint.w));
    gl_Position = vec4(clip.xy / clip.w + corner * look.z * px * 2.0 / size.xy, 0.0, 1.0);
}
