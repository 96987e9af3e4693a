//! A scene in numbers and words: for browser tests, which cannot rely on pixels.

use std::collections::BTreeMap;

use gauntlet_model::{EffectKind, FailureKind};
use serde::Serialize;

use crate::picture::Scene;

/// The content of a scene.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SceneSummary {
    /// Nodes of the film.
    pub nodes: u64,
    /// Nodes that are drawn.
    pub drawn: u64,
    /// Segments of the ribbon.
    pub ribbon: u64,
    /// Drawn steps of the ribbon that are broken into a jagged line.
    pub jagged: u64,
    /// Drawn effects by the failure of their node (`hallucination`, `format`, `refusal`, `inconsistency`,
    /// `generic`); every kind is present, at 0 where there is none.
    pub effects: BTreeMap<&'static str, u64>,
    /// Drawn effects by shape (`wobbling_plane`, `glow`, ...); every shape is present.
    pub shapes: BTreeMap<&'static str, u64>,
    /// Segments of the line of another run, and bars to it.
    pub beside: u64,
    /// Labels.
    pub labels: u64,
    /// The node the agent is at or has last passed; `None` where there are no nodes.
    pub agent_index: Option<u64>,
    /// The path's shape: `linear`, `wormhole` or `sphere`.
    pub geometry: &'static str,
    /// The camera: `orbit`, `follow`, `first_person` or `birds_eye`.
    pub camera: &'static str,
    /// The selected node, or else the one the agent is at.
    pub selected_index: Option<u64>,
    /// The failure of that node.
    pub selected_failure: Option<&'static str>,
    /// The shape of the effect at that node, such as `wobbling_plane`.
    pub selected_effect: Option<&'static str>,
    /// [`crate::PathGeometry::revision`].
    pub revision: u64,
}

impl Scene {
    /// The content of this scene.
    pub fn summary(&self) -> SceneSummary {
        let path = &self.path;
        let mut effects: BTreeMap<_, _> = FailureKind::ALL.iter().map(|kind| (kind.as_str(), 0)).collect();
        let mut shapes: BTreeMap<_, _> = EffectKind::ALL.iter().map(|kind| (kind.as_str(), 0)).collect();
        for effect in &path.effects {
            *shapes.entry(effect.kind.as_str()).or_default() += 1;
            if let Some(failure) = effect.failure {
                *effects.entry(failure.as_str()).or_default() += 1;
            }
        }
        let agent = self.nodes.checked_sub(1).map(|last| (self.travelled as usize).min(last));
        let selected = self.selected_index.or(agent);
        SceneSummary {
            nodes: self.nodes as u64,
            drawn: path.nodes.len() as u64,
            ribbon: path.ribbon.len() as u64,
            jagged: path.jagged,
            effects,
            shapes,
            beside: path.beside.len() as u64,
            labels: self.labels.len() as u64,
            agent_index: agent.map(|i| i as u64),
            geometry: self.geometry.as_str(),
            camera: self.mode.as_str(),
            selected_index: selected.map(|i| i as u64),
            selected_failure: self.failure.map(|failure| failure.as_str()),
            selected_effect: self.effect.map(EffectKind::as_str),
            revision: path.revision,
        }
    }
}
