//! `/check`: whether meetings will work here, tried for real.

use leptos::{prelude::*, task::spawn_local};

use crate::{
    browser::{
        check::{self, Way, try_way},
        page,
    },
    check::{Findings, Line, State},
    components::{
        copy::{CopyButton, CopyWords},
        icon::{Glyph, Icon},
        shell::Shell,
    },
    text::{Text, check as text},
};

/// The connection test.
#[component]
pub fn CheckPage() -> impl IntoView {
    let findings = RwSignal::new(Findings::default());
    let start = move || {
        findings.set(Findings::default());
        spawn_local(run(findings));
    };
    Effect::new(move |_| start());
    let verdict = Memo::new(move |_| findings.with(Findings::verdict));
    view! {
        <Shell>
            <div class="connection-test card" data-verdict=move || format!("{:?}", verdict.get())>
                <h1>{text::HEADING}</h1>
                <p class="check-verdict" role="status">
                    {move || text::verdict(verdict.get()).get()}
                </p>
                <ul class="check-lines">
                    {Line::ALL.map(|line| view! { <LineView line findings/> }).into_iter().collect_view()}
                </ul>
                <div class="check-actions">
                    <button class="button button-primary" type="button" on:click=move |_| start()>
                        {text::AGAIN}
                    </button>
                    <CopyReport findings/>
                </div>
            </div>
        </Shell>
    }
}

/// One line: what it is about, how it is, and why.
#[component]
fn LineView(line: Line, findings: RwSignal<Findings>) -> impl IntoView {
    let found = move || findings.with(|findings| findings.of(line));
    let glyph = Signal::derive(move || match found().0 {
        State::Works => Glyph::Check,
        State::Fails => Glyph::Close,
        State::Testing | State::Skipped => Glyph::Arrow,
    });
    view! {
        <li class="check-line" data-line=format!("{line:?}") data-state=move || state(found().0)>
            <Icon of=glyph/>
            <span>
                {text::line(line)}
                <small>{move || found().1.map(Text::get)}</small>
            </span>
            <strong>{move || text::state(found().0).get()}</strong>
        </li>
    }
}

const fn state(state: State) -> &'static str {
    match state {
        State::Testing => "testing",
        State::Works => "works",
        State::Fails => "fails",
        State::Skipped => "skipped",
    }
}

#[component]
fn CopyReport(findings: RwSignal<Findings>) -> impl IntoView {
    let text = Callback::new(move |()| {
        findings.with_untracked(|findings| report(findings, &page::user_agent()))
    });
    let words = CopyWords { copy: text::COPY, copied: text::COPIED, by_hand: text::COPY_BY_HAND };
    view! { <CopyButton text=text words=words class="button"/> }
}

/// What is shown, as text, and which browser it was.
fn report(findings: &Findings, browser: &str) -> String {
    let mut report = format!("{}\n", text::verdict(findings.verdict()));
    for line in Line::ALL {
        let (state, why) = findings.of(line);
        let why = why.map(|why| format!(" ({why})")).unwrap_or_default();
        report.push_str(&format!("{}: {}{why}\n", text::line(line), text::state(state)));
    }
    report.push_str(browser);
    report
}

/// Tests everything; what waits for the network at the same time.
async fn run(findings: RwSignal<Findings>) {
    let found = move |line, (state, why)| {
        // Whoever has left the page meanwhile needs no findings.
        let _gone = findings.try_update(|findings| findings.set(line, state, why));
    };
    found(Line::Devices, check::devices().await);
    let browser = check::browser();
    found(Line::Browser, browser);
    spawn_local(async move { found(Line::Server, (check::try_socket().await, None)) });
    if browser.0 == State::Fails {
        return [Line::Udp, Line::Tcp, Line::Relay]
            .into_iter()
            .for_each(|line| found(line, (State::Skipped, None)));
    }
    spawn_local(async move {
        let (state, why, _) = try_way(Way::Tcp, &[]).await;
        found(Line::Tcp, (state, why));
    });
    let (state, why, servers) = try_way(Way::Udp, &[]).await;
    found(Line::Udp, (state, why));
    let has_relay = servers.iter().any(|server| server.credential.is_some());
    let relay = if has_relay {
        let (state, why, _) = try_way(Way::Relay, &servers).await;
        (state, why)
    } else {
        (State::Skipped, (state != State::Skipped).then_some(text::NO_RELAY))
    };
    found(Line::Relay, relay);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_says_what_is_shown() {
        let mut findings = Findings::default();
        for line in Line::ALL {
            findings.set(line, State::Works, None);
        }
        findings.set(Line::Udp, State::Fails, None);
        findings.set(Line::Relay, State::Skipped, Some(text::NO_RELAY));
        let report = report(&findings, "A browser");
        assert!(report.starts_with("UDP is blocked; TCP works"), "{report}");
        assert!(report.contains("Sound and picture over UDP: Fails\n"), "{report}");
        assert!(report.contains("Relay (TURN): Skipped (This server has none"), "{report}");
    }
}
