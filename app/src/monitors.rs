//! The page of a project's monitors: its newest alerts, its rules, and a form to try and save one. The server
//! renders it; it has no code in the browser but the switch of the theme.

use gauntlet_api::{ListedMonitor, ProjectTrial, RunTrial};
use gauntlet_model::{MonitorAction, ProjectAlert, RunId, Severity, WebhookFailure};
use leptos::prelude::*;

use crate::instant::instant;
use crate::shell::{self, PlainPage, plain_page};
use crate::ui::address::encoded;
use crate::ui::{Erase, capital, grouped, monitors_address, project_address, run_address, severity_class};

/// The form, as it was typed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MonitorForm {
    /// The name under which it is saved.
    pub name: String,
    /// The rule.
    pub rule: String,
    /// The word of a severity.
    pub severity: String,
    /// Least seconds between two alerts in one run.
    pub cooldown_secs: String,
    /// The address that is called.
    pub webhook: String,
    /// The word of the command that each alert issues; empty for none.
    pub action: String,
    /// The name of the monitor that is edited; empty for a new one.
    pub edited: String,
}

/// What the page shows.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Content {
    /// The project.
    pub project: String,
    /// Its monitors.
    pub monitors: Vec<ListedMonitor>,
    /// The newest alerts of its runs.
    pub alerts: Vec<ProjectAlert>,
    /// The form.
    pub form: MonitorForm,
    /// What is wrong in the form, by field.
    pub errors: Vec<(String, String)>,
    /// Where the rule of the form would have fired.
    pub trial: Option<ProjectTrial>,
    /// What was done just now.
    pub done: Option<String>,
}

/// The document as HTML. `style` is the address of the style sheet.
pub fn document(content: &Content, style: String) -> String {
    shell::document(|| page(content, style))
}

fn page(content: &Content, style: String) -> impl IntoView + use<> {
    let project = content.project.clone();
    let href = project_address(&project);
    let title = format!("Monitors · {project}");
    let header = view! {
        <a class="link" href="/">"Runs"</a>
        <a class="link" href=href><bdi>{project}</bdi></a>
        <span class="top-gap"></span>
        <a class="link" href="/docs/monitors">"Docs"</a>
    };
    let done = content.done.clone().map(|words| view! { <p class="done" role="status">{words}</p> });
    let body = view! {
        <h1>"Monitors"</h1>
        {done}
        {alerts(content)}
        {monitors(content)}
        {form(content)}
        {content.trial.as_ref().map(trial)}
    };
    plain_page(PlainPage { title, style, scripts: (), header, class: "compare monitors", body })
}

/// The address of a run's page at a step.
fn place(run: &RunId, step: Option<u64>) -> String {
    let step = step.map(|step| format!("?step={step}")).unwrap_or_default();
    format!("{}{step}", run_address(run.as_str()))
}

fn badge(severity: Severity) -> impl IntoView + use<> {
    view! { <span class=format!("severity {}", severity_class(severity))>{severity.as_str()}</span> }
}

/// A part of the page that lists something: its title, and the table, or what is said where there is no row.
fn section(
    title: &'static str,
    empty: &'static str,
    label: &'static str,
    head: AnyView,
    rows: Vec<AnyView>,
) -> impl IntoView + use<> {
    let list = match rows.is_empty() {
        true => view! { <p class="quiet-words">{empty}</p> }.erase(),
        false => view! {
            <div class="table-scroll" tabindex="0" role="group" aria-label=label>
                <table class="plain-table">
                    <thead>{head}</thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        }
        .erase(),
    };
    view! { <section aria-label=title><h2>{title}</h2>{list}</section> }
}

/// The newest alerts.
fn alerts(content: &Content) -> impl IntoView + use<> {
    let rows = content.alerts.iter().map(|alert| {
        let step = alert.step.map_or("run".to_owned(), |step| format!("step {}", grouped(step)));
        let by = alert.monitor.clone().unwrap_or_else(|| "the program".to_owned());
        view! {
            <tr>
                <td>{badge(alert.severity)}</td>
                <td class="alert-text">{alert.text.clone()}</td>
                <td>{by}</td>
                <td>
                    <a href=place(&alert.run, alert.step)><bdi>{alert.run_name.clone()}</bdi> ", " {step}</a>
                </td>
                <td class="num">{instant(alert.at)}</td>
            </tr>
        }
        .erase()
    });
    let head = view! {
        <tr>
            <th scope="col">"Severity"</th><th scope="col">"Alert"</th>
            <th scope="col">"Raised by"</th><th scope="col">"Where"</th>
            <th scope="col" class="num">"When"</th>
        </tr>
    };
    let empty = "None so far. Monitors raise them, and programs with run.alert().";
    section("Alerts", empty, "The newest alerts", head.erase(), rows.collect())
}

/// The rules of the project.
fn monitors(content: &Content) -> impl IntoView + use<> {
    let rows = content.monitors.iter().map(|listed| row(content, listed).erase());
    let head = view! {
        <tr>
            <th scope="col">"Name"</th><th scope="col">"Rule"</th><th scope="col">"Severity"</th>
            <th scope="col" class="num">"Cooldown"</th><th scope="col">"Action"</th>
            <th scope="col">"Webhook"</th><th scope="col">"Change"</th>
        </tr>
    };
    section("Rules", "No monitor watches this project yet.", "The rules", head.erase(), rows.collect())
}

fn row(content: &Content, listed: &ListedMonitor) -> impl IntoView + use<> {
    let monitor = &listed.monitor;
    let page = monitors_address(&content.project);
    let edit = format!("{page}?edit={}#form", encoded(&monitor.name));
    let webhook = monitor.webhook.clone().map_or_else(
        || view! { <span class="quiet">"none"</span> }.erase(),
        |url| view! { <span class="webhook" title=url.clone()>{host(&url)}</span> }.erase(),
    );
    let failure = listed.webhook_failure.as_ref().map(failure);
    let action = monitor.action.map_or_else(
        || view! { <span class="quiet">"none"</span> }.erase(),
        |action| format!("{} the run", action.as_str()).into_any(),
    );
    let name = monitor.name.clone();
    view! {
        <tr>
            <th scope="row">{name.clone()}</th>
            <td><code>{monitor.rule.clone()}</code></td>
            <td>{badge(monitor.severity)}</td>
            <td class="num">{format!("{} s", grouped(u64::from(monitor.cooldown_secs)))}</td>
            <td>{action}</td>
            <td>{webhook}{failure}</td>
            <td class="monitor-ways">
                <a class="button" href=edit aria-label=format!("Edit {name}")>"Edit"</a>
                <details>
                    <summary class="button" aria-label=format!("Delete {name}")>"Delete"</summary>
                    <form method="post" action=page>
                        <input type="hidden" name="edited" value=name.clone() />
                        <button class="button is-danger" name="do" value="delete">
                            {format!("Delete {name} for good")}
                        </button>
                    </form>
                </details>
            </td>
        </tr>
    }
}

/// The host of an address: the rest of it may be a secret.
fn host(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', '?', '#']).next().unwrap_or_default().to_owned()
}

fn failure(failure: &WebhookFailure) -> impl IntoView + use<> {
    let tries =
        if failure.attempts == 1 { "1 attempt".to_owned() } else { format!("{} attempts", failure.attempts) };
    let what = if failure.is_final { "given up" } else { "is tried again" };
    let words = format!("{}: {what} after {tries}, ", failure.error);
    view! { <p class="field-error">{words} {instant(failure.at)}</p> }
}

/// The message at a field, and the id by which the field refers to it.
fn problem(content: &Content, field: &'static str) -> (Option<String>, Option<AnyView>) {
    let words = content.errors.iter().find(|(name, _)| name == field).map(|(_, words)| words.clone());
    let id = words.as_ref().map(|_| format!("{field}-error"));
    let shown = words.map(|words| {
        view! { <span class="field-error" id=format!("{field}-error") role="alert">{words}</span> }.erase()
    });
    (id, shown)
}

/// The attributes of a field that is wrong: `aria-invalid`, where it has an error.
fn invalid(error_id: Option<&String>) -> Option<&'static str> {
    error_id.map(|_| "true")
}

/// The options of a choice by its words, with the chosen one.
fn options(words: &[&'static str], chosen: &str, after: &'static str) -> impl IntoView + use<> {
    let option = |word: &&'static str| {
        let (word, is_chosen) = (*word, *word == chosen);
        let shown = if after.is_empty() { word.to_owned() } else { capital(word) + after };
        view! { <option value=word selected=is_chosen>{shown}</option> }
    };
    words.iter().map(option).collect_view()
}

/// What a monitor watches: its rule, name and severity.
fn watched_fields(content: &Content) -> impl IntoView + use<> {
    let form = &content.form;
    let (name_id, name_error) = problem(content, "name");
    let (rule_id, rule_error) = problem(content, "rule");
    let (_, severity_error) = problem(content, "severity");
    let severities = options(&Severity::ALL.map(Severity::as_str), &form.severity, "");
    view! {
        <label class="is-rule">
            "Rule"
            <input class="field" name="rule" value=form.rule.clone() required maxlength="500"
                autocomplete="off" spellcheck="false" placeholder="mean(loss, 20) > 3"
                aria-invalid=invalid(rule_id.as_ref()) aria-describedby=rule_id />
            {rule_error}
        </label>
        <label>
            "Name"
            <input class="field" name="name" value=form.name.clone() maxlength="200"
                autocomplete="off"
                aria-invalid=invalid(name_id.as_ref()) aria-describedby=name_id />
            {name_error}
        </label>
        <label>
            "Severity"
            <select class="field" name="severity">{severities}</select>
            {severity_error}
        </label>
    }
}

/// What follows when a monitor fires: the rest before it may fire again, the action, the webhook.
fn reaction_fields(content: &Content) -> impl IntoView + use<> {
    let form = &content.form;
    let (cooldown_id, cooldown_error) = problem(content, "cooldown_secs");
    let (webhook_id, webhook_error) = problem(content, "webhook");
    let (_, action_error) = problem(content, "action");
    let actions = options(&MonitorAction::ALL.map(MonitorAction::as_str), &form.action, " the run");
    view! {
        <label>
            "Cooldown, seconds"
            <input class="field" name="cooldown_secs" value=form.cooldown_secs.clone()
                inputmode="numeric" autocomplete="off"
                aria-invalid=invalid(cooldown_id.as_ref()) aria-describedby=cooldown_id />
            {cooldown_error}
        </label>
        <label>
            "Action"
            <select class="field" name="action">
                <option value="">"None"</option>
                {actions}
            </select>
            {action_error}
        </label>
        <label class="is-webhook">
            "Webhook (optional)"
            <input class="field" name="webhook" value=form.webhook.clone() inputmode="url"
                autocomplete="off" spellcheck="false"
                placeholder="https://hooks.slack.com/services/..."
                aria-invalid=invalid(webhook_id.as_ref()) aria-describedby=webhook_id />
            {webhook_error}
        </label>
    }
}

fn form(content: &Content) -> impl IntoView + use<> {
    let form = &content.form;
    let heading = match form.edited.as_str() {
        "" => "New monitor".to_owned(),
        edited => format!("Change {edited}"),
    };
    let cancel = (!form.edited.is_empty()).then(|| {
        view! { <a class="button is-quiet" href=monitors_address(&content.project)>"Cancel"</a> }
    });
    let (label, page) = (heading.clone(), monitors_address(&content.project));
    view! {
        <section aria-label=label id="form">
            <h2>{heading}</h2>
            <form class="monitor-form" method="post" action=format!("{page}#form")>
                <input type="hidden" name="edited" value=form.edited.clone() />
                {watched_fields(content)}
                {reaction_fields(content)}
                <p class="monitor-submit">
                    <button class="button is-on" name="do" value="save">"Save"</button>
                    <button class="button" name="do" value="try">"Try on recorded runs"</button>
                    {cancel}
                </p>
            </form>
            <p class="quiet-words">
                "Functions of the last values of a rubric or metric: "
                <code>"last(p)"</code> ", " <code>"mean(p, n)"</code> ", " <code>"min"</code> ", "
                <code>"max"</code> ", " <code>"std"</code> ", " <code>"zscore"</code> ", "
                <code>"share"</code> ", " <code>"isnan(p)"</code> "; " <code>"silent(seconds)"</code>
                " alone. " <a href="/docs/monitors#rules">"All of them"</a>
            </p>
        </section>
    }
}

/// Where the rule would have fired.
fn trial(trial: &ProjectTrial) -> impl IntoView + use<> {
    let (fired, runs) = (trial.runs.iter().filter(|run| run.total > 0).count(), trial.runs.len());
    let times = if trial.total == 1 { "once".to_owned() } else { format!("{} times", grouped(trial.total)) };
    let newest = if trial.is_cut { "the newest " } else { "" };
    let looked = format!("{} events looked at", grouped(trial.events));
    let words = match (runs, trial.total) {
        (0, _) => "There is no run in this project to try it on.".to_owned(),
        (_, 0) => format!("It would not have fired in {newest}{runs} runs ({looked})."),
        _ => format!("It would have fired {times}, in {fired} of {newest}{runs} runs ({looked})."),
    };
    let rows = trial.runs.iter().filter(|run| run.total > 0).map(run_trial);
    let table = (trial.total > 0).then(|| {
        view! {
            <table class="plain-table">
                <thead><tr>
                    <th scope="col">"Run"</th><th scope="col" class="num">"Alerts"</th>
                    <th scope="col">"Where"</th>
                </tr></thead>
                <tbody>{rows.collect_view()}</tbody>
            </table>
        }
    });
    view! {
        <section aria-label="Trial">
            <h2>"Trial"</h2>
            <p role="status">{words}</p>
            {table}
        </section>
    }
}

fn run_trial(run: &RunTrial) -> impl IntoView + use<> {
    let places = run.firings.iter().map(|firing| {
        let words = firing.step.map_or_else(|| "run".to_owned(), |step| format!("step {}", grouped(step)));
        let href = place(&run.run, firing.step);
        view! { <li><a href=href title=firing.values.clone()>{words}</a></li> }
    });
    let places = places.collect_view();
    let more = run.total.saturating_sub(run.firings.len() as u64);
    let more = (more > 0).then(|| view! { <li>{format!("and {} more", grouped(more))}</li> });
    view! {
        <tr>
            <th scope="row">
                <a href=run_address(run.run.as_str())><bdi>{run.run_name.clone()}</bdi></a>
            </th>
            <td class="num">{grouped(run.total)}</td>
            <td><ul class="trial-places">{places}{more}</ul></td>
        </tr>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_webhook_is_shown_without_its_secret() {
        assert_eq!(host("https://hooks.slack.com/services/T/B/secret"), "hooks.slack.com");
        assert_eq!(host("http://127.0.0.1:9000?token=secret"), "127.0.0.1:9000");
    }

    #[test]
    fn what_was_typed_is_escaped_and_its_error_is_at_the_field() {
        let form = MonitorForm { rule: "\"><script>".to_owned(), ..MonitorForm::default() };
        let errors = vec![("rule".to_owned(), "at character 1".to_owned())];
        let content = Content { project: "<p>".to_owned(), form, errors, ..Content::default() };
        let html = document(&content, "/s.css".to_owned());
        assert!(html.contains("value=\"&quot;&gt;&lt;script&gt;\""), "{html}");
        assert_eq!(html.matches("<script>").count(), 2, "the page's own: the theme, the buttons: {html}");
        assert!(html.contains("aria-describedby=\"rule-error\""), "{html}");
        assert!(html.contains("id=\"rule-error\""), "{html}");
    }
}
