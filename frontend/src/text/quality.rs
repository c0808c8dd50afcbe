//! Sentences about the connection while a meeting runs.

use shared::media::Source;

use super::{Text, room, texts};
use crate::meeting::quality::{Fault, Level, sample::Limit};

texts! {
    /// The dialog that looks into the connection, and what opens it.
    CONNECTION = "Connection", "Verbindung", "Conexión";
    /// No fault was found.
    FINE = "Nothing is wrong.", "Alles in Ordnung.", "Todo está bien.";
    /// One's own uplink loses packets; the gap is a percentage.
    UPLINK_LOSS = "Your uplink loses {} % of packets: the others see and hear you badly.",
        "Dein Upload verliert {} % der Pakete: Die anderen sehen und hören dich schlecht.",
        "Tu subida pierde el {} % de los paquetes: los demás te ven y oyen mal.";
    /// One's own uplink is narrow; the gap is in kilobits per second.
    UPLINK_NARROW = "Your uplink carries only {} kb/s: your picture is sent small.",
        "Dein Upload schafft nur {} kb/s: Dein Bild wird klein gesendet.",
        "Tu subida solo admite {} kb/s: tu imagen se envía pequeña.";
    /// Everything takes long; the gap is in milliseconds.
    SLOW = "Your connection is slow: {} ms to the server and back.",
        "Deine Verbindung ist träge: {} ms zum Server und zurück.",
        "Tu conexión es lenta: {} ms hasta el servidor y de vuelta.";
    /// One's own downlink loses packets; the gap is a percentage.
    DOWNLINK_LOSS = "Your downlink loses {} % of packets: you see and hear the others badly.",
        "Dein Download verliert {} % der Pakete: Du siehst und hörst die anderen schlecht.",
        "Tu bajada pierde el {} % de los paquetes: ves y oyes mal a los demás.";
    /// One's own downlink is narrow; the gap is how many pictures are paused.
    DOWNLINK_NARROW = "Your downlink is too narrow for every picture; paused: {}.",
        "Dein Download ist zu schmal für alle Bilder; angehalten: {}.",
        "Tu bajada es demasiado estrecha para todas las imágenes; en pausa: {}.";
    /// One's own computer.
    CPU = "Your computer is busy: your camera is sent smaller than your connection allows.",
        "Dein Computer ist ausgelastet: Deine Kamera wird kleiner gesendet, als die Verbindung erlaubt.",
        "Tu ordenador está ocupado: tu cámara se envía más pequeña de lo que permite la conexión.";
    /// Somebody else's link; the gaps are a name and a percentage.
    THEIR_LOSS = "The link of {} loses {} % of packets; yours does not.",
        "Die Verbindung von {} verliert {} % der Pakete; deine nicht.",
        "La conexión de {} pierde el {} % de los paquetes; la tuya no.";
    /// Somebody's link, or one's own; the gaps are a name and a percentage.
    SOME_LOSS = "What comes from {} has lost {} % of packets, on their side or on yours.",
        "Was von {} kommt, hat {} % der Pakete verloren, auf jener Seite oder auf deiner.",
        "Lo que llega de {} ha perdido el {} % de los paquetes, en su lado o en el tuyo.";
    /// Mark of a tile, in words.
    WEAK = "Weak connection", "Schwache Verbindung", "Conexión débil";
    /// The same, worse.
    POOR = "Poor connection", "Schlechte Verbindung", "Mala conexión";
    /// A way to the server; the gaps are the protocol, the ends and milliseconds.
    PATH = "{} · {} to {} · {} ms", "{} · {} nach {} · {} ms", "{} · {} a {} · {} ms";
    /// Heading of what one sends.
    SENT = "You send", "Du sendest", "Envías";
    /// Heading of what one receives.
    RECEIVED = "You receive", "Du empfängst", "Recibes";
    /// The sound of a screen.
    SCREEN_SOUND = "Screen sound", "Bildschirmton", "Sonido de la pantalla";
    /// A screen.
    SCREEN = "Screen", "Bildschirm", "Pantalla";
    /// What the line of a graph is.
    GRAPH = "Bit rate of the last minute", "Bitrate der letzten Minute",
        "Tasa de bits del último minuto";
    /// A number of a stream: bits per second.
    BITRATE = "Bit rate", "Bitrate", "Tasa de bits";
    /// A number of a stream.
    LOST = "Lost", "Verloren", "Perdidos";
    /// A number of a stream.
    JITTER = "Jitter", "Jitter", "Fluctuación";
    /// A number of a stream.
    ROUND_TRIP = "Round trip", "Laufzeit", "Ida y vuelta";
    /// A number of a video.
    PICTURE = "Picture", "Bild", "Imagen";
    /// A number of a video: milliseconds for one frame.
    CODING = "Per frame", "Je Bild", "Por fotograma";
    /// A number of a video: milliseconds within two seconds.
    FROZEN = "Frozen", "Eingefroren", "Congelada";
    /// What keeps a video small.
    LIMITED_BY = "Limited by", "Begrenzt durch", "Limitada por";
    /// Which is the uplink.
    LIMIT_BANDWIDTH = "uplink", "Upload", "la subida";
    /// Which is the computer.
    LIMIT_CPU = "computer", "Computer", "el ordenador";
    /// Saves everything as a file.
    SAVE = "Save diagnostics", "Diagnose speichern", "Guardar diagnóstico";
    /// A banner: one's own uplink.
    NET_WEAK_UP = "Your connection is weak: your camera is sent small so that your voice gets through.",
        "Deine Verbindung ist schwach: Deine Kamera wird klein gesendet, damit deine Stimme durchkommt.",
        "Tu conexión es débil: tu cámara se envía pequeña para que pase tu voz.";
    /// A banner: one's own downlink.
    NET_WEAK_DOWN = "Your connection is weak: you receive smaller pictures, or fewer.",
        "Deine Verbindung ist schwach: Du empfängst kleinere Bilder oder weniger.",
        "Tu conexión es débil: recibes imágenes más pequeñas, o menos.";
    /// A banner: one's own computer.
    CPU_WEAK = "Your computer is busy: pictures are smaller so that the sound stays smooth.",
        "Dein Computer ist ausgelastet: Die Bilder sind kleiner, damit der Ton flüssig bleibt.",
        "Tu ordenador está ocupado: las imágenes son más pequeñas para que el sonido siga fluido.";
    /// A banner: as one wished.
    THRIFTY = "You receive the largest picture only.", "Du empfängst nur das größte Bild.",
        "Solo recibes la imagen más grande.";
    /// Its button.
    RECEIVE_ALL = "Receive all", "Alle empfangen", "Recibir todas";
    /// Button that helps: fewer pictures.
    RECEIVE_LESS = "Receive less", "Weniger empfangen", "Recibir menos";
    /// Button that helps: no picture of one's own.
    CAMERA_OFF = "Turn camera off", "Kamera ausschalten", "Apagar la cámara";
}

/// Who or what is at fault, in one sentence; `name_of` knows the others.
#[must_use]
pub fn fault(fault: Option<&Fault>, name: &str) -> String {
    let number = |number: u32| number.to_string();
    match fault {
        None => FINE.to_string(),
        Some(Fault::UplinkLoss(loss)) => UPLINK_LOSS.with(&[&percent(*loss)]),
        Some(Fault::UplinkNarrow(bits)) => UPLINK_NARROW.with(&[&number(bits / 1000)]),
        Some(Fault::Slow(time)) => SLOW.with(&[&number((*time).into())]),
        Some(Fault::DownlinkLoss(loss)) => DOWNLINK_LOSS.with(&[&percent(*loss)]),
        Some(Fault::DownlinkNarrow(paused)) => DOWNLINK_NARROW.with(&[&paused.to_string()]),
        Some(Fault::Cpu) => CPU.to_string(),
        Some(Fault::TheirLoss(_, loss)) => THEIR_LOSS.with(&[name, &percent(*loss)]),
        Some(Fault::SomeLoss(_, loss)) => SOME_LOSS.with(&[name, &percent(*loss)]),
    }
}

/// Per mille as a whole percentage.
#[must_use]
pub fn percent(per_mille: u16) -> String {
    (per_mille.saturating_add(5) / 10).to_string()
}

/// What a tile's mark means; nothing where nothing is to be said.
#[must_use]
pub const fn level(level: Level) -> Option<Text> {
    match level {
        Level::Good => None,
        Level::Weak => Some(WEAK),
        Level::Poor => Some(POOR),
    }
}

/// What a source is.
#[must_use]
pub const fn source(source: Source) -> Text {
    match source {
        Source::Microphone => room::MICROPHONE,
        Source::Camera => room::CAMERA,
        Source::Screen => SCREEN,
        Source::ScreenAudio => SCREEN_SOUND,
    }
}

/// What keeps a video small.
#[must_use]
pub const fn limit(limit: Limit) -> Option<Text> {
    match limit {
        Limit::None => None,
        Limit::Bandwidth => Some(LIMIT_BANDWIDTH),
        Limit::Cpu => Some(LIMIT_CPU),
    }
}
