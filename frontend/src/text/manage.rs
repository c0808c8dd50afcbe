//! Sentences of the manager’s page.

use super::texts;

texts! {
    /// Title of the document.
    TITLE = "Manage meetings · Open Stream", "Besprechungen verwalten · Open Stream",
        "Gestionar reuniones · Open Stream";
    /// Heading.
    HEADING = "Meetings on this server", "Besprechungen auf diesem Server",
        "Reuniones en este servidor";
    /// Under the heading.
    LEAD = "Meetings you host from this device are listed here. With the administrator’s token, \
        all of them are.",
        "Hier stehen Besprechungen, die du von diesem Gerät aus leitest. Mit dem Token der \
        Administration sind es alle.",
        "Aquí aparecen las reuniones que diriges desde este dispositivo. Con el token de \
        administración, todas.";
    /// Label of the token.
    TOKEN = "Administrator’s token", "Token der Administration", "Token de administración";
    /// Uses the token.
    SHOW_ALL = "Show all meetings", "Alle Besprechungen zeigen", "Mostrar todas las reuniones";
    /// The token does not open anything.
    WRONG_TOKEN = "This is not the administrator’s token.", "Das ist nicht das Token der Administration.",
        "Ese no es el token de administración.";
    /// There are no rooms.
    NONE = "No meeting is running here.", "Hier läuft keine Besprechung.",
        "No hay ninguna reunión en curso.";
    /// When a room was opened.
    SINCE = "since {}", "seit {}", "desde {}";
    /// What comes from all in a room and goes to all.
    TRAFFIC = "{} kb/s in, {} kb/s out", "{} kb/s herein, {} kb/s hinaus",
        "{} kb/s de entrada, {} kb/s de salida";
    /// A room that is locked.
    LOCKED = "Locked", "Geschlossen", "Cerrada";
    /// How many wait to be let in.
    WAITING = "{} waiting", "{} warten", "{} esperando";
    /// Nobody new comes in.
    LOCK = "Lock", "Schließen", "Cerrar";
    /// Others come in again.
    UNLOCK = "Unlock", "Öffnen", "Abrir";
    /// Ends a room for everyone.
    END = "End for all", "Für alle beenden", "Terminar para todos";
    /// Asked before that.
    CONFIRM = "End this meeting for everyone?", "Diese Besprechung für alle beenden?",
        "¿Terminar esta reunión para todos?";
    /// Joins a room.
    OPEN = "Open", "Betreten", "Entrar";
}
