//! Parameters of a complete tree: saved, restored, tweaked. A change is checked in full before any of it is
//! made.

use gauntlet_model::{FieldError, Object};

use crate::Node;

impl<A: ?Sized + 'static, O: ?Sized + 'static> Node<A, O> {
    /// Clears what was gathered since the last reset, in this rubric and every descendant.
    pub fn reset(&self) {
        self.rubric().reset();
        self.children().iter().for_each(|(_, child)| child.reset());
    }

    /// The declared parameters of the tree: this rubric's under their names, a descendant's under its path,
    /// such as `rubric_0.threshold`.
    pub fn state_dict(&self) -> Object {
        let parameters = self
            .rubric()
            .parameters()
            .into_iter()
            .map(|parameter| (parameter.name().to_owned(), parameter.value()));
        let mut state: Object = parameters.collect();
        for (path, node) in self.named_rubrics() {
            for parameter in node.rubric().parameters() {
                state.insert(format!("{path}.{}", parameter.name()), parameter.value());
            }
        }
        state
    }

    /// The declared parameters of the tree with their values and ranges, as a run's metadata declares them
    /// for tweaks: `{"rubric_0.threshold": {"value": 0.5, "min": 0.0, "max": 1.0}}`.
    pub fn declared_parameters(&self) -> Object {
        let describe = |(name, value): (String, serde_json::Value)| {
            let mut entry = Object::from_iter([("value".to_owned(), value)]);
            let range = self.with_parameter(&name, crate::Parameter::range).flatten();
            if let Some((min, max)) = range {
                entry.extend([("min".to_owned(), min.into()), ("max".to_owned(), max.into())]);
            }
            (name, entry.into())
        };
        self.state_dict().into_iter().map(describe).collect()
    }

    /// Restores parameters. Absent ones stay; ones the tree does not declare are left out and returned. A
    /// value of the wrong type or range refuses the complete state.
    pub fn load_state_dict(&self, state: &Object) -> Result<Vec<String>, FieldError> {
        let unknown: Vec<String> = state.keys().filter(|name| !self.declares(name)).cloned().collect();
        let known = state.iter().filter(|(name, _)| !unknown.contains(name));
        self.tweak(&known.map(|(name, value)| (name.clone(), value.clone())).collect())?;
        Ok(unknown)
    }

    /// Changes declared parameters, all or none. Refuses an undeclared name, a wrong type, a value out of
    /// range.
    pub fn tweak(&self, parameters: &Object) -> Result<(), FieldError> {
        for (name, value) in parameters {
            let found = self.with_parameter(name, |parameter| parameter.check(name, value));
            found.unwrap_or_else(|| {
                let declared: Vec<String> = self.state_dict().into_iter().map(|(name, _)| name).collect();
                let declared = if declared.is_empty() { "none".to_owned() } else { declared.join(", ") };
                Err(FieldError::new(
                    name.as_str(),
                    format!("is not a declared parameter; declared: {declared}"),
                ))
            })?;
        }
        for (name, value) in parameters {
            self.with_parameter(name, |parameter| parameter.set(value));
        }
        Ok(())
    }

    fn declares(&self, name: &str) -> bool {
        self.with_parameter(name, |_| ()).is_some()
    }

    fn with_parameter<R>(&self, name: &str, then: impl FnOnce(&crate::Parameter) -> R) -> Option<R> {
        let (node, parameter_name) = match name.rsplit_once('.') {
            Some((path, parameter_name)) => (self.get_rubric(path).ok()?, parameter_name),
            None => (self.clone(), name),
        };
        let parameters = node.rubric().parameters();
        parameters.into_iter().find(|parameter| parameter.name() == parameter_name).map(then)
    }
}
