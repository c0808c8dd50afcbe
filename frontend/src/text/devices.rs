//! Sentences about one's own devices, before the meeting and in it.

use super::{Text, room, texts};
use crate::{
    browser::{echo::EchoState, page::Engine},
    meeting::{gear::Kind, notice::DeviceError},
};

texts! {
    /// Opens the settings, and is their heading.
    SETTINGS = "Settings", "Einstellungen", "Ajustes";
    /// Closes the settings.
    CLOSE_SETTINGS = "Close settings", "Einstellungen schließen", "Cerrar ajustes";
    /// Label of the speakers.
    SPEAKER = "Speaker", "Lautsprecher", "Altavoz";
    /// Name of the choice of devices.
    PICKERS = "Devices", "Geräte", "Dispositivos";
    /// In place of a choice: the machine has no such device, or the browser names none yet.
    SYSTEM_CHOICE = "System default", "Standard des Systems", "Predeterminado del sistema";
    /// Name of the meter.
    METER = "Microphone level", "Mikrofonpegel", "Nivel del micrófono";
    /// Records the microphone and plays it back.
    TEST = "Record and listen", "Aufnehmen und anhören", "Grabar y escuchar";
    /// While it records; its gap is the seconds left.
    RECORDING = "Say something… {}", "Sag etwas… {}", "Di algo… {}";
    /// While it plays.
    PLAYING = "This is how you sound.", "So hörst du dich an.", "Así se te oye.";
    /// The browser does not record or play.
    TEST_FAILED = "The browser could not record.", "Der Browser konnte nicht aufnehmen.",
        "El navegador no pudo grabar.";
    /// There is nothing to record.
    NO_MICROPHONE = "Turn your microphone on first.", "Schalte zuerst dein Mikrofon ein.",
        "Enciende primero tu micrófono.";
    /// Takes noise out of the microphone.
    NOISE = "Noise suppression", "Geräuschunterdrückung", "Supresión de ruido";
    /// What it is good for.
    NOISE_HINT = "Turn it off for music.", "Für Musik ausschalten.", "Desactívala para música.";
    /// What the space bar does, on the sheet of keys.
    HOLD_TO_TALK = "Hold to talk while muted", "Halten, um stumm geschaltet zu sprechen",
        "Mantener para hablar con el micrófono silenciado";
    /// Tells of the key that one may hold.
    HOLD_HINT = "While muted, hold the space bar to talk.",
        "Halte die Leertaste, um zu sprechen, während du stumm bist.",
        "Con el micrófono silenciado, mantén pulsada la barra espaciadora para hablar.";
    /// While that key is held.
    HOLDING = "You are heard until you let go of the space bar",
        "Man hört dich, bis du die Leertaste loslässt",
        "Se te oye hasta que sueltes la barra espaciadora";
    /// The browser refused a device; the steps follow.
    DENIED = "The browser was told not to allow it.", "Der Browser darf es nicht.",
        "El navegador no lo permite.";
    /// What to do about that in Chrome, Edge and the like.
    DENIED_CHROMIUM = "Click the icon left of the address, switch it to “Allow”, then try again.",
        "Klicke auf das Symbol links neben der Adresse, stelle es auf „Zulassen“ und versuche es \
        noch einmal.",
        "Haz clic en el icono a la izquierda de la dirección, ponlo en «Permitir» e inténtalo de \
        nuevo.";
    /// What to do about that in Firefox.
    DENIED_FIREFOX = "Click the struck-through camera or microphone beside the address, remove \
        “Blocked”, then try again.",
        "Klicke neben der Adresse auf die durchgestrichene Kamera oder das Mikrofon, entferne \
        „Blockiert“ und versuche es noch einmal.",
        "Haz clic en la cámara o el micrófono tachado junto a la dirección, quita «Bloqueado» e \
        inténtalo de nuevo.";
    /// What to do about that in Safari.
    DENIED_SAFARI = "Open the page’s settings (“aA” beside the address, or Safari › Settings for \
        this website), choose “Allow”, then try again.",
        "Öffne die Einstellungen der Seite („aA“ neben der Adresse, oder Safari › Einstellungen für \
        diese Website), wähle „Erlauben“ und versuche es noch einmal.",
        "Abre los ajustes de la página («aA» junto a la dirección, o Safari › Configuración de este \
        sitio web), elige «Permitir» e inténtalo de nuevo.";
    /// A device is gone.
    CAMERA_REPLACED = "Your camera was unplugged; another one is used now.",
        "Deine Kamera wurde abgezogen; jetzt wird eine andere benutzt.",
        "Tu cámara se ha desconectado; ahora se usa otra.";
    /// A device is gone.
    MICROPHONE_REPLACED = "Your microphone was unplugged; another one is used now.",
        "Dein Mikrofon wurde abgezogen; jetzt wird ein anderes benutzt.",
        "Tu micrófono se ha desconectado; ahora se usa otro.";
    /// A device is gone.
    SPEAKER_REPLACED = "Your speaker was unplugged; the sound comes out of another one now.",
        "Dein Lautsprecher wurde abgezogen; der Ton kommt jetzt aus einem anderen.",
        "Tu altavoz se ha desconectado; el sonido sale ahora por otro.";
    /// A device was plugged in.
    CAMERA_FOUND = "A camera was plugged in.", "Eine Kamera wurde angeschlossen.",
        "Se ha conectado una cámara.";
    /// A device was plugged in.
    MICROPHONE_FOUND = "A microphone was plugged in.", "Ein Mikrofon wurde angeschlossen.",
        "Se ha conectado un micrófono.";
    /// A device was plugged in.
    SPEAKER_FOUND = "A speaker was plugged in.", "Ein Lautsprecher wurde angeschlossen.",
        "Se ha conectado un altavoz.";
    /// Button: uses what was plugged in.
    USE_IT = "Use it", "Benutzen", "Usar";
    /// Someone speaks while muted.
    SPEAKS_MUTED = "You are muted: nobody hears you.", "Du bist stumm: niemand hört dich.",
        "Tienes el micrófono silenciado: nadie te oye.";
    /// Button: lets one be heard.
    UNMUTE = "Unmute", "Mikrofon einschalten", "Activar micrófono";
    /// The microphone gives nothing.
    MIC_SILENT = "Your microphone gives no sound at all. Check its switch and its plug, or choose \
        another.",
        "Von deinem Mikrofon kommt kein Ton. Prüfe Schalter und Stecker, oder wähle ein anderes.",
        "Tu micrófono no da ningún sonido. Comprueba el interruptor y el cable, o elige otro.";
}

/// What a kind of device is called.
#[must_use]
pub const fn kind(kind: Kind) -> Text {
    match kind {
        Kind::Camera => room::CAMERA,
        Kind::Microphone => room::MICROPHONE,
        Kind::Speaker => SPEAKER,
    }
}

/// A device of this kind is gone.
#[must_use]
pub const fn replaced(kind: Kind) -> Text {
    match kind {
        Kind::Camera => CAMERA_REPLACED,
        Kind::Microphone => MICROPHONE_REPLACED,
        Kind::Speaker => SPEAKER_REPLACED,
    }
}

/// A device of this kind was plugged in.
#[must_use]
pub const fn found(kind: Kind) -> Text {
    match kind {
        Kind::Camera => CAMERA_FOUND,
        Kind::Microphone => MICROPHONE_FOUND,
        Kind::Speaker => SPEAKER_FOUND,
    }
}

/// How far a test of the microphone has come; nothing before and after it.
#[must_use]
pub fn echo(state: EchoState) -> String {
    match state {
        EchoState::Idle => String::new(),
        EchoState::Recording(left) => RECORDING.with(&[&left.to_string()]),
        EchoState::Playing => PLAYING.to_string(),
        EchoState::Failed => TEST_FAILED.to_string(),
        EchoState::NoMicrophone => NO_MICROPHONE.to_string(),
    }
}

/// What is wrong with a device, and what to do about it in this browser.
#[must_use]
pub fn problem(error: DeviceError, engine: Engine) -> String {
    match (error, engine) {
        (DeviceError::Denied, Engine::Chromium) => format!("{DENIED} {DENIED_CHROMIUM}"),
        (DeviceError::Denied, Engine::Firefox) => format!("{DENIED} {DENIED_FIREFOX}"),
        (DeviceError::Denied, Engine::Safari) => format!("{DENIED} {DENIED_SAFARI}"),
        _ => super::notice::device(error).to_string(),
    }
}
