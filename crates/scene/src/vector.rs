//! Vector operations of scenes and of those who show them, in double precision: the coordinates of a long run
//! grow beyond what single precision can subtract.

/// A point or a direction.
pub type V3 = [f64; 3];

/// The vertical.
pub const UP: V3 = [0.0, 1.0, 0.0];

/// A point in double precision.
pub fn wide(p: [f32; 3]) -> V3 {
    p.map(f64::from)
}

/// A point in single precision, as scenes hold it.
pub fn narrow(p: V3) -> [f32; 3] {
    p.map(|c| c as f32)
}

/// The sum.
pub fn add(a: V3, b: V3) -> V3 {
    std::array::from_fn(|i| a[i] + b[i])
}

/// The difference `a - b`.
pub fn sub(a: V3, b: V3) -> V3 {
    std::array::from_fn(|i| a[i] - b[i])
}

/// `a` times a number.
pub fn scale(a: V3, by: f64) -> V3 {
    a.map(|c| c * by)
}

/// The scalar product.
pub fn dot(a: V3, b: V3) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

/// The vector product.
pub fn cross(a: V3, b: V3) -> V3 {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

/// The Euclidean length.
pub fn length(a: V3) -> f64 {
    dot(a, a).sqrt()
}

/// The point between `a` (share 0) and `b` (share 1).
pub fn lerp(a: V3, b: V3, share: f64) -> V3 {
    add(a, scale(sub(b, a), share))
}

/// `a` with length 1, or `or` where its length is nearly 0.
pub fn unit(a: V3, or: V3) -> V3 {
    let long = length(a);
    if long > 1e-9 { scale(a, 1.0 / long) } else { or }
}

/// Two directions at right angles to the unit vector `along` and to each other.
pub fn across(along: V3) -> (V3, V3) {
    let reference = if along[1].abs() < 0.9 { UP } else { [0.0, 0.0, 1.0] };
    let side = unit(cross(along, reference), [1.0, 0.0, 0.0]);
    (side, cross(side, along))
}
