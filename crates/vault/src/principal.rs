//! Who asks.

use gauntlet_model::{ApiKey, Role};

use crate::permission::Permission;

/// Projects that a key is valid for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Projects {
    /// All, those that are yet to come included.
    All,
    /// These alone.
    Only(Vec<String>),
}

impl Projects {
    /// Whether a project is among them.
    pub fn contains(&self, project: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(names) => names.iter().any(|name| name == project),
        }
    }
}

/// Who asks: a person or program with a key, or somebody on this machine where no keys are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    name: Option<String>,
    role: Role,
    projects: Projects,
}

impl Principal {
    /// Somebody on this machine, who needs no key and may do everything.
    pub fn local() -> Self {
        Self { name: None, role: Role::Admin, projects: Projects::All }
    }

    /// The holder of a key.
    pub fn of_key(key: &ApiKey) -> Self {
        let projects = key.projects.clone().map_or(Projects::All, Projects::Only);
        Self { name: Some(key.name.clone()), role: key.role, projects }
    }

    /// The name of the key; `None` where none was asked for.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The role.
    pub fn role(&self) -> Role {
        self.role
    }

    /// The projects that the principal may read and change.
    pub fn projects(&self) -> &Projects {
        &self.projects
    }

    /// Whether the role has a permission.
    pub fn may(&self, permission: Permission) -> bool {
        permission.is_granted_to(self.role)
    }

    /// The author of what the principal writes: the key's name, whatever the request says. Where no keys are
    /// asked for, what the request says, else `default`.
    pub fn author(&self, asked: Option<String>, default: &str) -> String {
        self.name.clone().or(asked).unwrap_or_else(|| default.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use gauntlet_model::Timestamp;

    use super::*;

    #[test]
    fn the_author_is_the_key_and_not_what_the_request_says() {
        let key = ApiKey {
            id: "gk_BwcHBwcH".to_owned(),
            name: "ada".to_owned(),
            role: Role::Operator,
            projects: Some(vec!["p".to_owned()]),
            created_at: Timestamp::from_micros(0),
            created_by: "root".to_owned(),
            expires_at: None,
            revoked_at: None,
            last_used_at: None,
        };
        let ada = Principal::of_key(&key);
        assert_eq!(ada.author(Some("mallory".to_owned()), "anonymous"), "ada");
        assert!(ada.may(Permission::Operate) && !ada.may(Permission::Record));
        assert!(ada.projects().contains("p") && !ada.projects().contains("q"));
        let local = Principal::local();
        assert_eq!(local.author(Some("me".to_owned()), "anonymous"), "me");
        assert_eq!(local.author(None, "anonymous"), "anonymous");
        assert!(local.may(Permission::Administer) && local.projects().contains("q"));
    }
}
