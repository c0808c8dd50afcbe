//! The page: takes over what the server rendered.

fn main() {
    frontend::start();
}
