// Package e2e tests the program as users run it, with mail clients from outside.
// A test skips where its client is missing, and fails instead when the variable
// MAILBUCKET_E2E is "require".
package e2e
