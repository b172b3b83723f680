// Tests of the password policy.

package account_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/go-crudadmin/crudadmin/account"
)

func TestPasswordPolicy(t *testing.T) {
	const short, long, name, repeat, sequence, common, text = "too short", "too long", "holds the username", "repeats a shorter piece", "made of sequences", "widely used", "not valid text"
	for _, c := range []struct{ password, rule string }{
		// Taken.
		{"otters glide under ice", ""},
		{"correct horse battery staple", ""},
		{"xK9#mQ2$vL5n", ""}, // 12
		{"kdhfowieurnv", ""}, // 12, letters only
		{"837465920174", ""}, // 12, digits only
		{"日本語のパスワードは安全です", ""},
		{"пароль для входа в систему", ""},
		{"🦦🐢🦩🐝🦎🐙🦜🐿🦔🦡🦥🐋", ""},                            // 12
		{strings.Repeat("otter-", 12) + "!", ""},        // 73 bytes
		{strings.Repeat("ab7-Xq", 42) + "éß漢字", ""},     // 256 characters, 263 bytes
		{strings.Repeat("漢字仮名交じり文の長い", 23) + "です。", ""}, // 256 characters, 768 bytes
		{"my password is long enough", ""},
		{"dragons guard my treasure", ""},
		// Length, in characters.
		{"", short}, {"a", short}, {"kdhfowieurn", short}, {"日本語のパスワードは安", short},
		{"e\u0301e\u0300a\u0301a\u0300o\u0301o\u0300", short}, // six letters, twelve code points
		{strings.Repeat("ab7-Xq", 43), long}, {strings.Repeat("x1", 1<<20), long},
		{"kdhfowieurnv\xff", text},
		// Too regular.
		{"aaaaaaaaaaaa", repeat}, {strings.Repeat(" ", 12), repeat}, {"abcabcabcabc", repeat}, {"otterotterotter", repeat}, {"OtterOTTERotter", repeat},
		{"passwordpassword", repeat}, {"hunter2hunter2", repeat}, {strings.Repeat("漢", 20), repeat},
		{"123456789012", sequence}, {"0987654321098", sequence}, {"abcdefghijkl", sequence}, {"ABCDEFGHIJKL", sequence}, {"zyxwvutsrqpo", sequence},
		{"qwertyuiopas", sequence}, {"1qaz2wsx3edc", sequence}, {"qwerty123456", sequence}, {"abcd12345678", sequence}, {"aaaabbbbcccc", sequence}, {"qwertzuiop123", sequence},
		// Widely used.
		{"Password123!", common}, {"P@ssw0rd1234", common}, {"administrator", common}, {"Adm1nistrat0r", common}, {"welcome2026!", common}, {"!!letmein2024", common},
		{"changeme1234", common}, {"crudadmin2026", common}, {"polniypizdec0211", common}, {"LeaveMeAlone", common}, {"sonyericsson", common}, {"monkey123456789", common},
		{"pennsylvania", common}, {"finalfantasy", common},
		// The username.
		{"marguerite", short}, {"marguerite-x", name}, {"I am MARGUERITE!", name}, {"ｍａｒｇｕｅｒｉｔｅ and more", name},
	} {
		err := account.CheckPassword("Marguerite", c.password)
		if c.rule == "" {
			if err != nil {
				t.Errorf("%.40q refused: %v", c.password, err)
			}
			continue
		}
		policy, ok := errors.AsType[*account.PolicyError](err)
		if !ok || !strings.Contains(policy.Rule, c.rule) {
			t.Errorf("%.40q: %v, want %q", c.password, err, c.rule)
			continue
		}
		if len(c.password) > 4 && strings.Contains(err.Error(), c.password) {
			t.Errorf("the error repeats the password: %v", err)
		}
	}
}

func TestShortUsernamesInsideAPasswordAreNoReason(t *testing.T) {
	if err := account.CheckPassword("al", "walking all along the canal"); err != nil {
		t.Error(err)
	}
	if err := account.CheckPassword("a long username it is", "A Long Username It Is"); err == nil {
		t.Error("the username was taken as the password")
	}
}

func TestLongPasswordsAreNotTruncated(t *testing.T) {
	each(t, func(t *testing.T, empty start) {
		a, _ := quickAccounts(t, empty)
		for i, password := range []string{strings.Repeat("otter-", 12) + "!", strings.Repeat("ab7-Xq", 42) + "éß漢字"} {
			name := []string{"ada", "bob"}[i]
			if _, err := a.Create(t.Context(), name, password, account.Viewer); err != nil {
				t.Fatal(err)
			}
			if _, err := a.Authenticate(t.Context(), name, password); err != nil {
				t.Error(err)
			}
			runes := []rune(password)
			_, err := a.Authenticate(t.Context(), name, string(runes[:len(runes)-1]))
			wantErr(t, err, account.ErrCredentials)
			_, err = a.Authenticate(t.Context(), name, string(runes[:len(runes)-1])+"?")
			wantErr(t, err, account.ErrCredentials)
		}
	})
}
