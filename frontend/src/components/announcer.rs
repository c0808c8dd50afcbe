//! Who came and went, for those who do not see the tiles.

use leptos::prelude::*;

use crate::{
    meeting::view::{MeetingView, TileKey},
    session::Session,
    text::room,
};

mod company;

use company::CompanyAnnouncer;

/// Lines that screen readers read out when they change.
#[component]
pub fn Announcer(
    /// The meeting.
    session: Session,
) -> impl IntoView {
    let view = session.view();
    let people = Memo::new(move |_| view.with(people));
    let (news, set_news) = signal(String::new());
    Effect::new(move |former: Option<Vec<Person>>| {
        let now = people.get();
        if let Some(news) = former.and_then(|former| news_between(&former, &now)) {
            set_news.set(news);
        }
        now
    });
    view! {
        <p class="visually-hidden" role="status">
            {news}
        </p>
        <CompanyAnnouncer session=session/>
    }
}

type Person = (TileKey, String);

fn people(view: &MeetingView) -> Vec<Person> {
    view.tiles.iter().map(|tile| (tile.key.clone(), tile.name.clone())).collect()
}

/// Who is new and who is gone, in one sentence each.
fn news_between(former: &[Person], now: &[Person]) -> Option<String> {
    let joined = now.iter().filter(|person| !former.contains(person));
    let left = former.iter().filter(|person| !now.contains(person));
    let joined = joined.map(|(_, name)| room::JOINED.with(&[name]));
    let sentences =
        joined.chain(left.map(|(_, name)| room::LEFT.with(&[name]))).collect::<Vec<_>>();
    (!sentences.is_empty()).then(|| sentences.join(" "))
}

#[cfg(test)]
mod tests {
    use shared::ids::ParticipantId;

    use super::*;

    fn person(number: u8, name: &str) -> Person {
        (TileKey::Other(ParticipantId::from_random([number; 16])), name.to_owned())
    }

    #[test]
    fn joins_and_leaves_are_told_by_name() {
        let (ada, bob, eve) = (person(1, "Ada"), person(2, "Bob"), person(3, "Eve"));
        let former = [ada.clone(), bob];
        assert_eq!(news_between(&former, &[ada, eve]).as_deref(), Some("Eve joined. Bob left."));
        assert_eq!(news_between(&former, &former), None);
    }
}
