//! Every sentence the page shows, in every language it speaks, side by side for whoever
//! translates them.
//!
//! ```text
//! texts! { /// Goes out of the meeting. LEAVE = "Leave", "Verlassen", "Salir"; }
//! view! { <button>{room::LEAVE}</button> }      // a child, or the value of an attribute
//! room::JOINED.with(&[&name])                   // where the sentence has a gap: `{}`
//! ```
//!
//! | module | whose sentences |
//! |---|---|
//! | [`landing`] | of the first page |
//! | [`manage`] | of the manager’s page |
//! | [`devices`] | about one's own devices |
//! | [`join`] | of the page before the meeting |
//! | [`room`] | of the meeting |
//! | [`stage`] | of its stage, menu and keys |
//! | [`chat`], [`host`], [`invite`] | of the chat, of what hosts do, of invites |
//! | [`quality`] | about the connection |
//! | [`check`] | of the connection test |
//! | [`outcome`] | of pages that end something |
//! | [`notice`] | of notices, and of why a meeting ended |
//! | [`error`] | of error codes |

use std::fmt;

use leptos::{attr::IntoAttributeValue, prelude::IntoRender};

pub mod chat;
pub mod check;
pub mod devices;
pub mod error;
pub mod host;
pub mod invite;
pub mod join;
pub mod landing;
pub mod manage;
pub mod notice;
pub mod outcome;
pub mod quality;
pub mod room;
pub mod stage;

/// A language the page speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// The default.
    #[default]
    English,
    /// Deutsch.
    German,
    /// Español.
    Spanish,
}

/// A sentence in every language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Text([&'static str; 3]);

/// Names sentences: `NAME = "English", "Deutsch", "Español";`, documented each.
macro_rules! texts {
    ($($(#[$doc:meta])+ $name:ident = $english:literal, $german:literal, $spanish:literal;)+) => {
        $($(#[$doc])+ pub const $name: $crate::text::Text =
            $crate::text::Text::new($english, $german, $spanish);)+

        #[cfg(test)]
        #[test]
        fn every_language_says_it() {
            for (name, text) in [$((stringify!($name), $name)),+] {
                text.assert_complete(name);
            }
        }
    };
}
pub(crate) use texts;

texts! {
    /// The product.
    PRODUCT = "Open Stream", "Open Stream", "Open Stream";
    /// The link that keyboards meet first.
    SKIP_TO_CONTENT = "Skip to content", "Zum Inhalt springen", "Saltar al contenido";
    /// For readers whose browser runs no scripts.
    NEEDS_JAVASCRIPT = "Calls need JavaScript: your browser has it turned off. You can read this \
        page, but not start or join a meeting until it is allowed.",
        "Besprechungen brauchen JavaScript: In deinem Browser ist es ausgeschaltet. Du kannst diese \
        Seite lesen, aber keine Besprechung beginnen oder betreten, bis es erlaubt ist.",
        "Las reuniones necesitan JavaScript: tu navegador lo tiene desactivado. Puedes leer esta \
        página, pero no iniciar una reunión ni unirte a ella hasta que lo permitas.";
    /// The server gave no answer.
    UNREACHABLE = "The server cannot be reached. Check the connection.",
        "Der Server ist nicht erreichbar. Prüfe die Verbindung.",
        "No se puede acceder al servidor. Comprueba la conexión.";
}

impl Language {
    /// The one of a language tag (BCP 47), if the page speaks it.
    #[must_use]
    pub fn of_tag(tag: &str) -> Option<Self> {
        let primary = tag.trim().split(['-', '_']).next().unwrap_or_default();
        let all = [Self::English, Self::German, Self::Spanish];
        all.into_iter().find(|language| primary.eq_ignore_ascii_case(language.tag()))
    }

    /// The one that an `Accept-Language` header (RFC 9110 section 12.5.4) likes best. Browsers list
    /// their languages in order of preference, with weights that fall.
    #[must_use]
    pub fn accepted(header: &str) -> Self {
        let tags = header.split(',').filter_map(|range| range.split(';').next());
        tags.into_iter().find_map(Self::of_tag).unwrap_or_default()
    }

    /// Its tag, for `lang` attributes.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
            Self::Spanish => "es",
        }
    }

    /// The language of the page: on the server of the response that is being rendered, in the
    /// browser of the document.
    #[must_use]
    pub fn current() -> Self {
        current::language()
    }
}

/// On the server each response has a language of its own.
#[cfg(feature = "ssr")]
mod current {
    use leptos::prelude::use_context;

    use super::Language;

    pub(super) fn language() -> Language {
        use_context().unwrap_or_default()
    }
}

/// The browser takes over the language in which the server rendered the document.
#[cfg(not(feature = "ssr"))]
mod current {
    use std::sync::OnceLock;

    use super::Language;

    static LANGUAGE: OnceLock<Language> = OnceLock::new();

    pub(super) fn language() -> Language {
        *LANGUAGE.get_or_init(|| {
            let document = web_sys::window().and_then(|window| window.document());
            let root = document.and_then(|document| document.document_element());
            let tag = root.and_then(|root| root.get_attribute("lang"));
            tag.and_then(|tag| Language::of_tag(&tag)).unwrap_or_default()
        })
    }
}

impl Text {
    /// A sentence in each language.
    #[must_use]
    pub const fn new(english: &'static str, german: &'static str, spanish: &'static str) -> Self {
        Self([english, german, spanish])
    }

    /// The sentence in the language of the page.
    #[must_use]
    pub fn get(self) -> &'static str {
        let [english, german, spanish] = self.0;
        match Language::current() {
            Language::English => english,
            Language::German => german,
            Language::Spanish => spanish,
        }
    }

    /// The same with its gaps (`{}`) filled in order.
    #[must_use]
    pub fn with(self, fills: &[&str]) -> String {
        let mut fills = fills.iter();
        let mut parts = self.get().split("{}");
        let mut filled = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            filled.push_str(fills.next().copied().unwrap_or_default());
            filled.push_str(part);
        }
        filled
    }

    #[cfg(test)]
    fn assert_complete(self, name: &str) {
        let gaps = self.0.map(|sentence| sentence.matches("{}").count());
        assert!(self.0.iter().all(|sentence| !sentence.trim().is_empty()), "{name}");
        assert!(gaps.iter().all(|count| *count == gaps[0]), "{name} has other gaps elsewhere");
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.get())
    }
}

impl IntoRender for Text {
    type Output = &'static str;

    fn into_render(self) -> &'static str {
        self.get()
    }
}

impl IntoAttributeValue for Text {
    type Output = &'static str;

    fn into_attribute_value(self) -> &'static str {
        self.get()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_browser_chooses_among_the_languages_of_the_page() {
        for (header, language) in [
            ("de-AT,de;q=0.9,en;q=0.5", Language::German),
            ("fr, es;q=0.8, en;q=0.7", Language::Spanish),
            ("EN-us", Language::English),
            ("fr", Language::English),
            ("", Language::English),
        ] {
            assert_eq!(Language::accepted(header), language, "{header:?}");
        }
    }

    #[test]
    fn gaps_are_filled_in_order_and_never_by_what_fills_them() {
        let text = Text::new("{} and {}.", "{} und {}.", "{} y {}.");
        assert_eq!(text.with(&["{}", "Bob"]), "{} and Bob.");
        assert_eq!(text.with(&["Ada"]), "Ada and .");
    }
}
