// Package people is the pages of administrators: signing in and out, the own account, all
// administrators, and all sessions.
//
// A sign-in tells nothing of whether the account exists: the same work is done and the same
// sentence said for a wrong name and a wrong password, and the throttle counts both alike
// (throttle.go). People who may not be here any more are out at once: changing a password, a role
// or the state of an account ends its sessions, and each page says how far that has come where a
// cache has yet to follow.
//
// The changes of administrators go through [frame.Visit.Acting], which asks in the same transaction
// whether the superuser who makes them still is one. The rules about passwords and the last
// superuser are package account's; the life of a session is package session's.
package people
