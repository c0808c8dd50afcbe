//! The side panel of a meeting: People, Chat and Invite, one at a time.

use leptos::{ev::KeyboardEvent, prelude::*};
use wasm_bindgen::JsCast;
use web_sys::Element;

use crate::{
    app::focus,
    components::icon::{Glyph, Icon},
    meeting::view::MeetingView,
    session::Session,
    text::{Text, chat, invite, room},
};

mod chat_tab;
mod code;
mod invite_form;
mod invite_tab;
mod invites;
mod people;
mod person;

pub use self::people::AnswerKnock;
use self::{chat_tab::ChatTab, invite_tab::InviteTab, people::People};

/// The id of the panel, for the buttons that show it.
pub const SIDEBAR_ID: &str = "sidebar";

/// What the panel shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tab {
    /// Who is there, and who waits.
    People,
    /// What people write.
    Chat,
    /// How others come in.
    Invite,
}

/// Whether the panel is open, and at what. A handle: copies are the same panel.
#[derive(Debug, Clone, Copy)]
pub struct Panel {
    open: RwSignal<bool>,
    tab: RwSignal<Tab>,
}

impl Tab {
    const ALL: [Self; 3] = [Self::People, Self::Chat, Self::Invite];

    const fn label(self) -> Text {
        match self {
            Self::People => room::PEOPLE,
            Self::Chat => chat::CHAT,
            Self::Invite => invite::INVITE,
        }
    }

    const fn id(self) -> &'static str {
        match self {
            Self::People => "tab-people",
            Self::Chat => "tab-chat",
            Self::Invite => "tab-invite",
        }
    }

    const fn panel_id(self) -> &'static str {
        match self {
            Self::People => "panel-people",
            Self::Chat => "panel-chat",
            Self::Invite => "panel-invite",
        }
    }

    /// The id of the button in the bar that shows it.
    #[must_use]
    pub const fn toggle_id(self) -> &'static str {
        match self {
            Self::People | Self::Invite => "toggle-people",
            Self::Chat => "toggle-chat",
        }
    }

    /// What has the focus when it is shown.
    const fn focus_id(self) -> &'static str {
        match self {
            Self::People => "tab-people",
            Self::Chat => "chat-draft",
            Self::Invite => "tab-invite",
        }
    }

    fn moved(self, by: isize) -> Self {
        let index = Self::ALL.iter().position(|tab| *tab == self).unwrap_or_default();
        let next = (index.cast_signed() + by).rem_euclid(Self::ALL.len().cast_signed());
        Self::ALL.get(next.cast_unsigned()).copied().unwrap_or(self)
    }
}

impl Panel {
    /// Open or not, at a tab.
    #[must_use]
    pub fn new(open: bool, tab: Tab) -> Self {
        Self { open: RwSignal::new(open), tab: RwSignal::new(tab) }
    }

    /// Whether a tab can be seen.
    #[must_use]
    pub fn shows(self, tab: Tab) -> bool {
        self.open.get() && self.tab.get() == tab
    }

    /// Shows a tab, with the focus in it.
    pub fn show(self, tab: Tab) {
        self.tab.set(tab);
        self.open.set(true);
        request_animation_frame(move || focus_id(tab.focus_id()));
    }

    /// Shows a tab, or closes the panel if it is shown.
    pub fn toggle(self, tab: Tab) {
        if untrack(|| self.shows(tab)) { self.close() } else { self.show(tab) }
    }

    /// Closes it, with the focus on the button that opens it again.
    pub fn close(self) {
        let toggle = self.tab.get_untracked().toggle_id();
        self.open.set(false);
        request_animation_frame(move || focus_id(toggle));
    }
}

fn focus_id(id: &str) {
    if let Some(element) = document().get_element_by_id(id) {
        focus(element);
    }
}

/// The panel. Hidden, it cannot be reached by keyboard either.
#[component]
pub fn Sidebar(
    /// The meeting.
    session: Session,
    /// Whether it is shown, and at what.
    panel: Panel,
) -> impl IntoView {
    let on_escape = move |event: KeyboardEvent| {
        if event.key() == "Escape" && !event.default_prevented() && !is_for_menu(&event) {
            panel.close();
        }
    };
    view! {
        <aside
            id=SIDEBAR_ID
            class="sidebar"
            aria-label=room::SIDEBAR
            hidden=move || !panel.open.get()
            on:keydown=on_escape
        >
            <header class="sidebar-header">
                <Tabs session=session panel=panel/>
                <button
                    class="icon-button"
                    type="button"
                    title=room::CLOSE_PANEL
                    aria-label=room::CLOSE_PANEL
                    on:click=move |_| panel.close()
                >
                    <Icon of=Glyph::Close/>
                </button>
            </header>
            <TabPanel panel=panel tab=Tab::People>
                <People session=session/>
            </TabPanel>
            <TabPanel panel=panel tab=Tab::Chat>
                <ChatTab session=session panel=panel/>
            </TabPanel>
            <TabPanel panel=panel tab=Tab::Invite>
                <InviteTab session=session panel=panel/>
            </TabPanel>
        </aside>
    }
}

/// Whether a key is meant for a menu that is open over the panel: the focus is in it, or at the
/// button that opened it.
fn is_for_menu(event: &KeyboardEvent) -> bool {
    let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    let is_inside = target.is_some_and(|it| it.closest("[popover]").is_ok_and(|it| it.is_some()));
    // A browser that does not know the word has no such menus.
    let open = document().query_selector("#sidebar :popover-open");
    is_inside || open.is_ok_and(|open| open.is_some())
}

/// The row of tabs (WAI-ARIA APG, "Tabs"): one of them is reached by Tab, the others by arrows.
#[component]
fn Tabs(session: Session, panel: Panel) -> impl IntoView {
    let on_arrow = move |event: KeyboardEvent| {
        let tab = panel.tab.get_untracked();
        let next = match event.key().as_str() {
            "ArrowRight" => tab.moved(1),
            "ArrowLeft" => tab.moved(-1),
            "Home" => Tab::People,
            "End" => Tab::Invite,
            _ => return,
        };
        event.prevent_default();
        panel.tab.set(next);
        focus_id(next.id());
    };
    let is_chosen = move |tab| panel.tab.get() == tab;
    view! {
        <div class="tabs" role="tablist" aria-label=room::SIDEBAR on:keydown=on_arrow>
            {Tab::ALL
                .map(|tab| {
                    view! {
                        <button
                            id=tab.id()
                            class="tab"
                            type="button"
                            role="tab"
                            aria-selected=move || if is_chosen(tab) { "true" } else { "false" }
                            aria-controls=tab.panel_id()
                            tabindex=move || if is_chosen(tab) { "0" } else { "-1" }
                            on:click=move |_| panel.tab.set(tab)
                        >
                            {tab.label()} <Count session=session tab=tab/>
                        </button>
                    }
                })
                .collect_view()}
        </div>
    }
}

/// How much of it there is.
#[component]
fn Count(session: Session, tab: Tab) -> impl IntoView {
    let view = session.view();
    let count = Memo::new(move |_| view.with(|view| count(view, tab)));
    let shown = move || count.get().map(|count| view! { <span class="count">{count}</span> });
    view! { {shown} }
}

fn count(view: &MeetingView, tab: Tab) -> Option<usize> {
    match tab {
        Tab::People => Some(view.tiles.len()),
        Tab::Chat => Some(view.company.chat.unread).filter(|unread| *unread > 0),
        Tab::Invite => None,
    }
}

#[component]
fn TabPanel(panel: Panel, tab: Tab, children: Children) -> impl IntoView {
    view! {
        <div
            id=tab.panel_id()
            class="tab-panel"
            role="tabpanel"
            aria-labelledby=tab.id()
            hidden=move || panel.tab.get() != tab
        >
            {children()}
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrows_go_round_the_tabs() {
        assert_eq!(Tab::People.moved(1), Tab::Chat);
        assert_eq!(Tab::People.moved(-1), Tab::Invite);
        assert_eq!(Tab::Invite.moved(1), Tab::People);
    }
}
