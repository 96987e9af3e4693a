//! The demo training: GRPO on a small policy.
