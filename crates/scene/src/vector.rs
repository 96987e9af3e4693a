//! The few vector operations the picture needs, in double precision: a long run's coordinates grow past what
//! single precision can subtract.

/// A point or a direction.
pub(crate) type V3 = [f64; 3];

/// The vertical.
pub(crate) const UP: V3 = [0.0, 1.0, 0.0];

pub(crate) fn wide(p: [f32; 3]) -> V3 {
    p.map(f64::from)
}

pub(crate) fn narrow(p: V3) -> [f32; 3] {
    p.map(|c| c as f32)
}

pub(crate) fn add(a: V3, b: V3) -> V3 {
    std::array::from_fn(|i| a[i] + b[i])
}

pub(crate) fn sub(a: V3, b: V3) -> V3 {
    std::array::from_fn(|i| a[i] - b[i])
}

pub(crate) fn scale(a: V3, by: f64) -> V3 {
    a.map(|c| c * by)
}

pub(crate) fn dot(a: V3, b: V3) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

pub(crate) fn cross(a: V3, b: V3) -> V3 {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

pub(crate) fn length(a: V3) -> f64 {
    dot(a, a).sqrt()
}

pub(crate) fn lerp(a: V3, b: V3, share: f64) -> V3 {
    add(a, scale(sub(b, a), share))
}

/// `a` with length 1, or `or` where it has hardly any length.
pub(crate) fn unit(a: V3, or: V3) -> V3 {
    let long = length(a);
    if long > 1e-9 { scale(a, 1.0 / long) } else { or }
}

/// Two directions at right angles to the unit vector `along` and to each other.
pub(crate) fn across(along: V3) -> (V3, V3) {
    let reference = if along[1].abs() < 0.9 { UP } else { [0.0, 0.0, 1.0] };
    let side = unit(cross(along, reference), [1.0, 0.0, 0.0]);
    (side, cross(side, along))
}
