//! What a request may need, and which roles have it.

use std::fmt;

use gauntlet_model::Role;

/// What a route needs of who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Permission {
    /// Nothing: it answers without a key.
    Public,
    /// Any key: what a training program needs to know about its own runs as well.
    AnyRole,
    /// Reading and watching what was recorded.
    Read,
    /// Writing runs and events; fetching and acknowledging commands.
    Record,
    /// Changing what people wrote about a run: its name, tags, notes, status.
    Describe,
    /// Commands, annotations, monitors, effects, named lists.
    Operate,
    /// Deletion, keys, the audit log.
    Administer,
}

impl Permission {
    /// Every permission, the weakest first.
    pub const ALL: [Self; 7] = [
        Self::Public,
        Self::AnyRole,
        Self::Read,
        Self::Record,
        Self::Describe,
        Self::Operate,
        Self::Administer,
    ];

    /// The roles that have it.
    pub fn roles(self) -> &'static [Role] {
        match self {
            Self::Public | Self::AnyRole => &Role::ALL,
            Self::Read => &[Role::Viewer, Role::Operator, Role::Admin],
            Self::Record => &[Role::Recorder, Role::Admin],
            Self::Describe => &[Role::Recorder, Role::Operator, Role::Admin],
            Self::Operate => &[Role::Operator, Role::Admin],
            Self::Administer => &[Role::Admin],
        }
    }

    /// Whether a role has it.
    pub fn is_granted_to(self, role: Role) -> bool {
        self.roles().contains(&role)
    }
}

/// The roles that have it, such as `operator or admin`.
impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.roles().iter().map(|role| role.as_str()).collect();
        f.write_str(&names.join(" or "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_has_what_its_work_needs() {
        let granted = |role| Permission::ALL.into_iter().filter(move |it| it.is_granted_to(role));
        let of = |role| granted(role).collect::<Vec<_>>();
        use Permission::*;
        assert_eq!(of(Role::Viewer), [Public, AnyRole, Read]);
        assert_eq!(of(Role::Recorder), [Public, AnyRole, Record, Describe]);
        assert_eq!(of(Role::Operator), [Public, AnyRole, Read, Describe, Operate]);
        assert_eq!(of(Role::Admin), Permission::ALL);
        assert_eq!(Permission::Record.to_string(), "recorder or admin");
    }
}
