//! A meeting against a scripted server and a scripted browser, in virtual time.

mod coming_back;
mod joining;
mod media;
mod world;
