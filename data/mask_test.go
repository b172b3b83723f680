// This file tests which columns are secret by their names; internal/data tests more of them, by
// their declared types.

package data

import "testing"

func TestDefaultMasked(t *testing.T) {
	for name, want := range map[string]bool{"password": true, "password_hash": true, "passwd": true, "userPassword": true, "APIKey": true, "api_key": true, "api key": true,
		"apikey": true, "privateKey": true, "private_key": true, "secret": true, "client_secret": true, "token": true, "access_token": true, "authtoken": true, "refreshTokens": true,
		"hash": true, "pwd_hash": true, "salt": true, "SALT": true, "otp": true, "pass": true,
		"name": false, "hashtag": false, "basalt": false, "tokenizer": false, "compass": false, "passenger": false, "key": false, "monkey": false, "id": false, "ü": false, "": false} {
		if got := DefaultMasked("t", Column{Name: name, Kind: KindText}); got != want {
			t.Errorf("%q: %v, want %v", name, got, want)
		}
	}
	if DefaultMasked("t", Column{Name: "token_id", Kind: KindInteger}) {
		t.Error("a reference to a token is masked")
	}
}
