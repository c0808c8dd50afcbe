//! Sentences of the stage: views, pages, sharing one's screen, keys, and the menu.

use super::texts;

texts! {
    /// Opens the menu of what the bar has no room for.
    MORE = "More", "Mehr", "Más";
    /// All alike.
    GRID_VIEW = "Grid", "Raster", "Cuadrícula";
    /// Who speaks is large.
    SPEAKER_VIEW = "Speaker", "Wer spricht", "Quien habla";
    /// Keeps somebody large.
    PIN = "Pin {}", "{} anheften", "Fijar a {}";
    /// Takes one's own tile off the stage.
    HIDE_SELF = "Hide my tile", "Mein Bild ausblenden", "Ocultar mi imagen";
    /// Puts it back.
    SHOW_SELF = "Show my tile", "Mein Bild einblenden", "Mostrar mi imagen";
    /// Gives the meeting the whole screen.
    FULL_SCREEN = "Full screen", "Vollbild", "Pantalla completa";
    /// Gives the screen back.
    LEAVE_FULL_SCREEN = "Leave full screen", "Vollbild beenden", "Salir de pantalla completa";
    /// Keeps a small picture above other windows.
    FLOATING = "Picture in picture", "Bild im Bild", "Imagen en imagen";
    /// Name of the buttons that turn pages.
    PAGES = "Pages of participants", "Seiten der Teilnehmenden", "Páginas de participantes";
    /// Which page is shown, of how many.
    PAGE = "Page {} of {}", "Seite {} von {}", "Página {} de {}";
    /// Turns back.
    PREVIOUS_PAGE = "Previous page", "Vorherige Seite", "Página anterior";
    /// Turns on.
    NEXT_PAGE = "Next page", "Nächste Seite", "Página siguiente";
    /// Reminds one that others see one's screen.
    SHARING = "You are sharing your screen", "Du teilst deinen Bildschirm",
        "Estás compartiendo la pantalla";
    /// Name of the choice of what a shared screen is sent best for.
    SHARED_FOR = "Optimise for", "Optimieren für", "Optimizar para";
    /// Sharp, and seldom moving.
    FOR_TEXT = "Text", "Text", "Texto";
    /// Moving, and less sharp.
    FOR_MOTION = "Motion", "Bewegung", "Movimiento";
    /// Stops sharing.
    STOP_SHARING = "Stop sharing", "Nicht mehr teilen", "Dejar de compartir";
    /// Heading of the sheet of keys.
    SHORTCUTS = "Keyboard shortcuts", "Tastenkürzel", "Atajos de teclado";
    /// Turns keys on and off.
    SHORTCUTS_ON = "Use single-key shortcuts", "Tastenkürzel verwenden",
        "Usar atajos de una tecla";
    /// Closes a sheet.
    CLOSE = "Close", "Schließen", "Cerrar";
    /// What the key does.
    SHOW_SHORTCUTS = "Show these shortcuts", "Diese Kürzel zeigen", "Mostrar estos atajos";
    /// What the key does.
    TOGGLE_MICROPHONE = "Mute or unmute", "Mikrofon an oder aus",
        "Silenciar o activar el micrófono";
    /// What the key does.
    TOGGLE_CAMERA = "Camera on or off", "Kamera an oder aus", "Encender o apagar la cámara";
    /// What the key does.
    TOGGLE_SHARE = "Share your screen, or stop", "Bildschirm teilen oder aufhören",
        "Compartir la pantalla o parar";
    /// What the key does.
    TOGGLE_PEOPLE = "People", "Personen", "Personas";
    /// What the key does.
    SWITCH_VIEW = "Grid or speaker view", "Raster, oder groß wer spricht",
        "Cuadrícula o quien habla";
    /// Name of a key.
    PAGE_UP = "Page Up", "Bild ↑", "Re Pág";
    /// Name of a key.
    PAGE_DOWN = "Page Down", "Bild ↓", "Av Pág";
    /// Name of a key.
    SPACE = "Space", "Leertaste", "Espacio";
}
