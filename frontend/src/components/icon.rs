//! The page's own icons: strokes on a 24-unit square, coloured like the text beside them.

use leptos::prelude::*;

/// What an icon depicts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Glyph {
    /// A microphone.
    Microphone,
    /// A microphone, struck through.
    MicrophoneOff,
    /// A video camera.
    Camera,
    /// A video camera, struck through.
    CameraOff,
    /// A screen with an arrow out of it.
    Share,
    /// A screen, struck through.
    ShareOff,
    /// A receiver, hung up.
    Leave,
    /// Two sheets.
    Copy,
    /// A tick.
    Check,
    /// Two heads.
    People,
    /// A cross.
    Close,
    /// A triangle with an exclamation mark.
    Warning,
    /// A door that stands open.
    Door,
    /// An arrow to the right.
    Arrow,
    /// A point to the left.
    Back,
    /// A point to the right.
    Forward,
    /// Three dots.
    More,
    /// A pin.
    Pin,
    /// Four equal tiles.
    Grid,
    /// A large tile above small ones.
    Speaker,
    /// An eye, struck through.
    Hidden,
    /// An eye.
    Eye,
    /// Four corners.
    FullScreen,
    /// A small screen in a larger one.
    Floating,
    /// A keyboard.
    Keyboard,
    /// An arrow down.
    Down,
    /// A speech bubble.
    Chat,
    /// A paper plane.
    Send,
    /// A raised hand.
    Hand,
    /// A face that smiles.
    Smile,
    /// A cross of two strokes.
    Plus,
    /// Three bars, each higher than the one before.
    Signal,
    /// Two sliders.
    Sliders,
}

impl Glyph {
    /// The glyph of a microphone that is on or off.
    #[must_use]
    pub const fn microphone(on: bool) -> Self {
        if on { Self::Microphone } else { Self::MicrophoneOff }
    }

    /// The glyph of a camera that is on or off.
    #[must_use]
    pub const fn camera(on: bool) -> Self {
        if on { Self::Camera } else { Self::CameraOff }
    }

    /// The glyph of a screen that is shared or not: it shows what pressing it does.
    #[must_use]
    pub const fn share(on: bool) -> Self {
        if on { Self::ShareOff } else { Self::Share }
    }

    /// The strokes, as SVG path data.
    #[expect(clippy::too_many_lines, reason = "a table, which the compiler keeps complete")]
    const fn path(self) -> &'static str {
        match self {
            Self::Microphone => {
                "M12 3a3 3 0 0 0-3 3v5a3 3 0 0 0 6 0V6a3 3 0 0 0-3-3zM5.5 11a6.5 6.5 0 0 0 13 0\
                 M12 17.5V21M8.5 21h7"
            }
            Self::MicrophoneOff => {
                "M4 4l16 16M9 9v2a3 3 0 0 0 4.6 2.5M15 10.5V6a3 3 0 0 0-5.7-1.3\
                 M5.5 11a6.5 6.5 0 0 0 10.6 5M18.5 11a6.4 6.4 0 0 1-.5 2.4M12 17.5V21M8.5 21h7"
            }
            Self::Camera => {
                "M4.5 6.5h9A1.5 1.5 0 0 1 15 8v8a1.5 1.5 0 0 1-1.5 1.5h-9A1.5 1.5 0 0 1 3 16V8\
                 a1.5 1.5 0 0 1 1.5-1.5zM15 10.8l6-3.3v9l-6-3.3"
            }
            Self::CameraOff => {
                "M4 4l16 16M9.5 6.5h4A1.5 1.5 0 0 1 15 8v3.2l6-3.7v9\
                 M15 15v1a1.5 1.5 0 0 1-1.5 1.5h-9A1.5 1.5 0 0 1 3 16V8c0-.6.3-1 .8-1.3"
            }
            Self::Share => {
                "M4.5 5h15A1.5 1.5 0 0 1 21 6.5v9a1.5 1.5 0 0 1-1.5 1.5h-15A1.5 1.5 0 0 1 3 \
                 15.5v-9A1.5 1.5 0 0 1 4.5 5zM8.5 20.5h7M12 14V8.2M9.2 10.8 12 8l2.8 2.8"
            }
            Self::ShareOff => {
                "M4.5 5h15A1.5 1.5 0 0 1 21 6.5v9a1.5 1.5 0 0 1-1.5 1.5h-15A1.5 1.5 0 0 1 3 \
                 15.5v-9A1.5 1.5 0 0 1 4.5 5zM8.5 20.5h7M9.5 8.5l5 5M14.5 8.5l-5 5"
            }
            Self::Leave => {
                "M3.2 14.6c-.5-1.8 0-3.3 1.3-4.3 4.3-3.1 10.7-3.1 15 0 1.3 1 1.8 2.5 1.3 \
                 4.3-.2.6-.8 1-1.4.9l-2.7-.5c-.6-.1-1-.6-1-1.2v-1.9a12 12 0 0 0-7.4 0\
                 v1.9c0 .6-.4 1.1-1 1.2l-2.7.5c-.6.1-1.2-.3-1.4-.9z"
            }
            Self::Copy => {
                "M9 9.5A1.5 1.5 0 0 1 10.5 8h8A1.5 1.5 0 0 1 20 9.5v9a1.5 1.5 0 0 1-1.5 \
                 1.5h-8A1.5 1.5 0 0 1 9 18.5zM16 8V5.5A1.5 1.5 0 0 0 14.5 4h-9A1.5 1.5 0 0 \
                 0 4 5.5v9A1.5 1.5 0 0 0 5.5 16H9"
            }
            Self::Check => "M5 12.5l4.5 4.5L19 7.5",
            Self::People => {
                "M9 11.5a3.25 3.25 0 1 0 0-6.5 3.25 3.25 0 0 0 0 6.5zM3 19.5a6 6 0 0 1 12 0\
                 M15.5 5.3a3.25 3.25 0 0 1 0 6M17 14.2a6 6 0 0 1 4 5.3"
            }
            Self::Close => "M6 6l12 12M18 6L6 18",
            Self::Warning => "M12 4.5 2.8 19.5h18.4zM12 10v4.5M12 17v.1",
            Self::Door => {
                "M14 4h4.5A1.5 1.5 0 0 1 20 5.5v13a1.5 1.5 0 0 1-1.5 1.5H14M4 12h11M11 8l4 4-4 4"
            }
            Self::Arrow => "M5 12h14M13 6l6 6-6 6",
            Self::Back => "M14.5 5.5 8 12l6.5 6.5",
            Self::Forward => "M9.5 5.5 16 12l-6.5 6.5",
            Self::More => "M12 5.5v.01M12 12v.01M12 18.5v.01",
            Self::Pin => "M9 4h6l-1 6 3 3.5V15H7v-1.5L10 10zM12 15v6",
            Self::Grid => "M4 4h7v7H4zM13 4h7v7h-7zM4 13h7v7H4zM13 13h7v7h-7z",
            Self::Speaker => "M4 4h16v10H4zM4 17h4v3H4zM10 17h4v3h-4zM16 17h4v3h-4z",
            Self::Hidden => {
                "M4 4l16 16M9.9 5.8a9 9 0 0 1 2.1-.3c4.5 0 7.6 3.3 9 6.5a13 13 0 0 1-2.6 3.7\
                 M6.3 7.4A12.5 12.5 0 0 0 3 12c1.4 3.2 4.5 6.5 9 6.5a9 9 0 0 0 4.3-1.1\
                 M10 10a2.8 2.8 0 0 0 4 4"
            }
            Self::Eye => {
                "M3 12c1.4-3.2 4.5-6.5 9-6.5s7.6 3.3 9 6.5c-1.4 3.2-4.5 6.5-9 6.5S4.4 15.2 3 12z\
                 M12 9.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6z"
            }
            Self::FullScreen => "M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5",
            Self::Floating => {
                "M20 10V6.5A1.5 1.5 0 0 0 18.5 5h-13A1.5 1.5 0 0 0 4 6.5v11A1.5 1.5 0 0 0 5.5 19H10M13 13h8v6h-8z"
            }
            Self::Sliders => {
                "M4 8h9M17.5 8H20M4 16h3M11.5 16H20M15.2 5.8a2.2 2.2 0 1 0 0 4.4 2.2 2.2 0 0 0 \
                 0-4.4zM9.2 13.8a2.2 2.2 0 1 0 0 4.4 2.2 2.2 0 0 0 0-4.4z"
            }
            Self::Keyboard => {
                "M4.5 6h15A1.5 1.5 0 0 1 21 7.5v9a1.5 1.5 0 0 1-1.5 1.5h-15A1.5 1.5 0 0 1 3 \
                 16.5v-9A1.5 1.5 0 0 1 4.5 6zM7 10v.01M11 10v.01M15 10v.01M8 14h8"
            }
            Self::Down => "M12 5v14M6 13l6 6 6-6",
            Self::Chat => {
                "M5.5 5h13A1.5 1.5 0 0 1 20 6.5v9a1.5 1.5 0 0 1-1.5 1.5H12l-4.5 3.5V17h-2\
                 A1.5 1.5 0 0 1 4 15.5v-9A1.5 1.5 0 0 1 5.5 5zM8 9.5h8M8 12.8h5"
            }
            Self::Send => "M4 5.5l16 6.5-16 6.5 2.2-6.5zM6.2 12H13",
            Self::Hand => {
                "M8 12.5V5.8a1.3 1.3 0 0 1 2.6 0V11M10.6 10.5V4.3a1.3 1.3 0 0 1 2.6 0V11\
                 M13.2 10.8V5.3a1.3 1.3 0 0 1 2.6 0V12M15.8 11.5V8.3a1.3 1.3 0 0 1 2.6 0v6.2\
                 a6.5 6.5 0 0 1-6.5 6.5c-2.5 0-3.9-1-5.2-3l-2.9-4.6a1.35 1.35 0 0 1 2.3-1.4L8 14.5"
            }
            Self::Smile => {
                "M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17zM8.5 14.2a4.5 4.5 0 0 0 7 0\
                 M9 9.5v.1M15 9.5v.1"
            }
            Self::Plus => "M12 5v14M5 12h14",
            Self::Signal => "M5.5 19v-4M12 19v-8.5M18.5 19V5",
        }
    }
}

/// An icon beside a text, or in a button that has a name: it says nothing by itself.
#[component]
pub fn Icon(
    /// What it depicts.
    #[prop(into)]
    of: Signal<Glyph>,
) -> impl IntoView {
    view! {
        <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
            <path d=move || of.get().path()></path>
        </svg>
    }
}

/// The product's mark: a voice, and who hears it.
#[component]
pub fn Logo() -> impl IntoView {
    view! {
        <svg class="logo" viewBox="0 0 32 32" aria-hidden="true">
            <rect class="logo-ground" width="32" height="32" rx="9"></rect>
            <circle cx="12" cy="16" r="4.5"></circle>
            <path d="M18.5 10.5a6.5 6.5 0 0 1 0 11M22.7 7.2a11.5 11.5 0 0 1 0 17.6"></path>
        </svg>
    }
}
