package config

import (
	"iter"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func TestTheExampleNamesEveryKeyWithItsDefault(t *testing.T) {
	got, err := Load("../../config.example.toml", nil)
	if err != nil {
		t.Fatal(err)
	}
	want := Default()
	want.File = got.File
	if !reflect.DeepEqual(got, want) {
		t.Errorf("the example gives\n%+v\nthe defaults are\n%+v", got, Default())
	}
	raw, err := os.ReadFile("../../config.example.toml")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(raw), "\n")
	table := ""
	for i, line := range lines { // a key of a table comes below its heading
		if name, ok := strings.CutPrefix(line, "["); ok {
			table = strings.TrimSuffix(name, "]") + "."
		} else if line != "" && !strings.HasPrefix(line, "#") {
			lines[i] = table + line
		}
	}
	for key := range configKeys() {
		found := false
		for i, line := range lines {
			if strings.HasPrefix(line, key+" = ") {
				found = i > 0 && strings.HasPrefix(lines[i-1], "# ")
			}
		}
		if !found {
			t.Errorf("%s does not stand in the example with a comment above it", key)
		}
	}
	for _, key := range mailboxKeys() {
		found := false
		for i, line := range lines {
			found = found || strings.HasPrefix(line, "# "+key+" = ") && strings.HasPrefix(lines[i-1], "# ") && !strings.Contains(lines[i-1], " = \"\"")
		}
		if !found {
			t.Errorf("mailbox.%s does not stand in the example with a comment above it", key)
		}
	}
}

// TestNoKeyReachesWhatOnlyTestsChoose: every field of the configuration has a key that the example names, or none at all.
func TestNoKeyReachesWhatOnlyTestsChoose(t *testing.T) {
	for f := range fieldsOf(reflect.TypeFor[Config]()) {
		if tag := f.Tag.Get("koanf"); tag == "" {
			t.Errorf("%s has no key and does not say so: it would be set by its own name", f.Name)
		}
	}
	for f := range fieldsOf(reflect.TypeFor[Trial]()) {
		value := map[reflect.Kind]string{reflect.String: `"x"`, reflect.Bool: "true", reflect.Int64: `"1s"`, reflect.Func: `"now"`}[f.Type.Kind()]
		name := strings.ToLower(f.Name)
		path := filepath.Join(t.TempDir(), "config.toml")
		for _, text := range []string{name + " = " + value, f.Name + " = " + value, "[trial]\n" + name + " = " + value, "[Trial]\n" + f.Name + " = " + value, "[\"-\"]\n" + name + " = " + value} {
			if err := os.WriteFile(path, []byte(text+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			if got, err := Load(path, nil); err == nil || !reflect.ValueOf(got.Trial).IsZero() {
				t.Errorf("%q is taken: %v, %+v", text, err, got.Trial)
			}
		}
		for _, env := range []string{"SPORTELLO_" + strings.ToUpper(name), "SPORTELLO_TRIAL__" + strings.ToUpper(name), "SPORTELLO_-__" + strings.ToUpper(name)} {
			if got, err := Load("", []string{env + "=1"}); err == nil || !reflect.ValueOf(got.Trial).IsZero() {
				t.Errorf("%s is taken: %v, %+v", env, err, got.Trial)
			}
		}
	}
}

func fieldsOf(t reflect.Type) iter.Seq[reflect.StructField] {
	return func(yield func(reflect.StructField) bool) {
		for i := range t.NumField() {
			if !yield(t.Field(i)) {
				return
			}
		}
	}
}

func TestConfigurationIsReadStrictly(t *testing.T) {
	for _, c := range []struct {
		name, file string
		env        []string
		want       []string // the beginning of each line of the error; none if the configuration is valid
	}{
		{name: "nothing"},
		{name: "every problem at once", file: "listn = \"x\"\nmax_file_mb = 0\n[mail]\nprot = 3\n", want: []string{"listn: no such key", "mail.prot: no such key"}},
		{name: "upper case", file: "Listen = \"127.0.0.1:1\"\n", want: []string{"Listen: no such key"}},
		{name: "a word for a number", file: "max_file_mb = \"many\"\n", want: []string{"max_file_mb"}},
		{name: "a number for a word", file: "listen = 8080\n", want: []string{"listen"}},
		{name: "one value for a list", file: "trusted_proxies = \"10.0.0.1\"\n", want: []string{"trusted_proxies"}},
		{name: "no TOML", file: "listen = \n", want: []string{"app: read"}},
		{name: "all that is wrong", file: "data = \"\"\nlisten = \"nowhere\"\nbase_url = \"desk.example.it\"\ntls_cert = \"a\"\ntime_zone = \"Rome\"\n" +
			"trusted_proxies = [\"x\"]\nlocal_addresses = [\"y\"]\nmax_file_mb = 0\nmisses_months = 999\naudit_months = 5\nlog_level = \"loud\"\nlog_format = \"xml\"\nhttp_redirect = \":80\"\n",
			want: []string{"data:", "listen:", "base_url:", "tls_cert:", "time_zone:", "trusted_proxies:", "local_addresses:", "max_file_mb:", "misses_months:", "audit_months:", "log_level:", "log_format:"}},
		{name: "a base with a path", file: "base_url = \"https://example.it/desk\"\n", want: []string{"base_url:"}},
		{name: "a redirect without a certificate", file: "http_redirect = \":80\"\n", want: []string{"http_redirect:"}},
		{name: "all that is wrong with backups", file: "data = \"/d\"\n[backup]\npath = \"/d/backup\"\nat = \"half past two\"\nevery = \"1s\"\nkeep_daily = -1\nkeep_weekly = -1\n" +
			"keep_monthly = -1\nrate_mb = 0\nage_recipients = [\"someone\"]\n",
			want: []string{"backup.path:", "backup.at:", "backup.every:", "backup.keep_daily:", "backup.keep_weekly:", "backup.keep_monthly:", "backup.rate_mb:", "backup.age_recipients:"}},
		{name: "a duration without its unit", file: "[backup]\nevery = 90\n", want: []string{"backup.every: write a duration with its unit"}},
		{name: "a secret key where public ones belong", file: "[backup]\nage_recipients = [\"AGE-SECRET-KEY-1\"]\n", want: []string{"backup.age_recipients: this is a secret key"}},
		{name: "all that is wrong with mail", file: "[mail]\nlisten = \"nowhere\"\nprotocol = \"pop\"\nallowed_from = [\"x\"]\nmax_message_mb = 0\npec_certificates = \"/nowhere\"\n" +
			"[smtp]\nhost = \"m\"\nfrom = \"me\"\ntls = \"some\"\ndkim_domain = \"d\"\npassword = \"a\"\npassword_file = \"b\"\n" +
			"[[mailbox]]\naddress = \"csa\"\nwho = \"friends\"\nhost = \"h\"\nafter = \"move\"\n",
			want: []string{"mail.listen:", "mail.protocol:", "mail.allowed_from:", "mail.max_message_mb:", "mail.pec_certificates:", "smtp.from:", "smtp.tls:", "smtp.dkim_domain:",
				"smtp.password:", "mailbox.address:", "mailbox.who:", "mailbox.user:", "mailbox.move_to:"}},
		{name: "an unknown key of a mailbox", file: "[[mailbox]]\naddress = \"csa@uni.it\"\n[[mailbox]]\naddres = \"cia@uni.it\"\n", want: []string{"mailbox 2: addres: no such key"}},
		{name: "two mailboxes of one address", file: "[[mailbox]]\naddress = \"csa@uni.it\"\n[[mailbox]]\naddress = \"CSA@uni.it\"\n", want: []string{"mailbox: csa@uni.it stands there twice"}},
		{name: "two mailboxes", file: "[[mailbox]]\naddress = \"csa@uni.it\"\nmodule = \"csa\"\n[[mailbox]]\naddress = \"cia@uni.it\"\nwho = \"domains\"\ndomains = [\"uni.it\"]\n"},
		{name: "backups from the environment", env: []string{"SPORTELLO_BACKUP__PATH=/backup", "SPORTELLO_BACKUP__EVERY=6h", "SPORTELLO_BACKUP__KEEP_DAILY=3"}},
		{name: "environment", env: []string{"SPORTELLO_MAX_FILE_MB=7", "SPORTELLO_TRUSTED_PROXIES=10.0.0.0/8, 192.0.2.1", "PATH=/bin", "SPORTELLO_CONFIG=x"}},
		{name: "unknown name in the environment", env: []string{"SPORTELLO_LISTN=x"}, want: []string{"listn: no such key (from the environment, SPORTELLO_LISTN)"}},
		{name: "wrong kind in the environment", env: []string{"SPORTELLO_MAX_FILE_MB=many"}, want: []string{"max_file_mb: \"many\" is not a whole number"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := ""
			if c.file != "" {
				path = filepath.Join(t.TempDir(), "config.toml")
				if err := os.WriteFile(path, []byte(c.file), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			_, err := Load(path, c.env)
			if (err != nil) != (len(c.want) > 0) {
				t.Fatalf("error %v, want %v", err, c.want)
			}
			if err == nil {
				return
			}
			lines := strings.Split(err.Error(), "\n")
			for _, want := range c.want {
				found := false
				for _, line := range lines {
					found = found || strings.HasPrefix(line, want)
				}
				if !found {
					t.Errorf("no line begins with %q:\n%s", want, err)
				}
			}
		})
	}
}

func TestTheEnvironmentStandsOverTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.toml")
	if err := os.WriteFile(path, []byte("listen = \"127.0.0.1:1\"\nmax_file_mb = 3\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Load(path, []string{"SPORTELLO_LISTEN=127.0.0.1:2", "SPORTELLO_TRUSTED_PROXIES=10.0.0.0/8, 192.0.2.1"})
	if err != nil {
		t.Fatal(err)
	}
	if c.Listen != "127.0.0.1:2" || c.MaxFileMB != 3 || c.TimeZone != "Europe/Rome" || len(c.TrustedProxies) != 2 {
		t.Errorf("%+v", c)
	}
	if !strings.Contains(c.Redacted(), "trusted_proxies = [\"10.0.0.0/8\", \"192.0.2.1\"]") {
		t.Errorf("shown as\n%s", c.Redacted())
	}
}
