//! The secret of an API key, and the digest that is stored in its place.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq;

/// Random bytes of a secret.
pub const SECRET_BYTES: usize = 32;
/// What every key begins with, so that scanners for leaked secrets can recognise one.
const PREFIX: &str = "gk_";
/// Characters after the prefix that name a key. They are public: lists and messages show them.
const ID_CHARS: usize = 8;
/// Characters after the prefix: 32 bytes in base64 without padding.
const SECRET_CHARS: usize = 43;

/// An API key as its owner presents it: `gk_` and 32 random bytes. Shown once; not printed by `Debug`.
#[derive(Clone)]
pub struct Secret(String);

/// SHA-256 of a [`Secret`], which is what is stored. The secret is random, so a slow hash would protect it no
/// better. Compared in constant time.
#[derive(Clone, Copy)]
pub struct Digest([u8; 32]);

impl Secret {
    /// The secret made of random bytes.
    pub fn new(random: [u8; SECRET_BYTES]) -> Self {
        Self(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(random)))
    }

    /// Reads a secret; `None` where the text is not one.
    pub fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix(PREFIX).filter(|rest| rest.len() == SECRET_CHARS)?;
        URL_SAFE_NO_PAD.decode(rest).ok().map(|_| Self(text.to_owned()))
    }

    /// The text that its owner presents. Never logged and never stored.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The name of the key, its first characters: `gk_` and 8 more.
    pub fn id(&self) -> &str {
        self.0.get(..PREFIX.len() + ID_CHARS).unwrap_or(PREFIX)
    }

    /// What is stored.
    pub fn digest(&self) -> Digest {
        Digest(Sha256::digest(&self.0).into())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({}...)", self.id())
    }
}

impl Digest {
    /// As hexadecimal digits.
    pub fn to_hex(&self) -> String {
        hex::encode(self.0)
    }

    /// Reads 64 hexadecimal digits.
    pub fn from_hex(text: &str) -> Option<Self> {
        hex::decode(text).ok()?.try_into().ok().map(Self)
    }
}

impl PartialEq for Digest {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for Digest {}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digest(...)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_read_as_it_was_made() {
        let secret = Secret::new([7; SECRET_BYTES]);
        assert_eq!(secret.expose(), "gk_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc");
        assert_eq!(secret.id(), "gk_BwcHBwcH");
        let read = Secret::parse(secret.expose()).unwrap();
        assert_eq!(read.digest(), secret.digest());
        assert_eq!(Digest::from_hex(&secret.digest().to_hex()), Some(secret.digest()));
        assert_ne!(Secret::new([8; SECRET_BYTES]).digest(), secret.digest());
    }

    #[test]
    fn what_is_no_key_is_not_read() {
        let good = Secret::new([7; SECRET_BYTES]);
        let (short, long) = (&good.expose()[..45], format!("{}A", good.expose()));
        let spaced = good.expose().replace('B', " ");
        for text in ["", "gk_", "abc", short, &long, &spaced, &good.expose().replacen("gk_", "sk_", 1)] {
            assert!(Secret::parse(text).is_none(), "{text:?}");
        }
        assert_eq!(Digest::from_hex("00"), None);
        assert_eq!(Digest::from_hex("xy"), None);
    }

    #[test]
    fn debug_output_has_no_secret() {
        let secret = Secret::new([7; SECRET_BYTES]);
        let text = format!("{secret:?} {:?}", secret.digest());
        assert!(
            !text.contains(&secret.expose()[11..]) && !text.contains(&secret.digest().to_hex()),
            "{text}"
        );
    }
}
