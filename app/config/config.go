// Package config has the configuration of the desk: defaults, strict reading of file and environment, and a printable
// form without secrets. It is the only importer of koanf.
package config

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"sportello/app/backup"

	"github.com/go-viper/mapstructure/v2"
	"github.com/knadh/koanf/parsers/toml/v2"
	"github.com/knadh/koanf/providers/file"
	"github.com/knadh/koanf/providers/structs"
	"github.com/knadh/koanf/v2"
)

// Config is what the desk reads before it starts. An administrator sets everything else in the browser.
type Config struct {
	Data           string   `koanf:"data"`
	Listen         string   `koanf:"listen"`
	BaseURL        string   `koanf:"base_url"`
	HTTPRedirect   string   `koanf:"http_redirect"`
	TLSCert        string   `koanf:"tls_cert"`
	TLSKey         string   `koanf:"tls_key"`
	TimeZone       string   `koanf:"time_zone"`
	TrustedProxies []string `koanf:"trusted_proxies"`
	LocalAddresses []string `koanf:"local_addresses"`
	MaxFileMB      int      `koanf:"max_file_mb"`

	MaxConnections           int `koanf:"max_connections"`
	MaxConnectionsPerAddress int `koanf:"max_connections_per_address"`
	SlowestUploadKB          int `koanf:"slowest_upload_kb"`
	MemoryLimitMB            int `koanf:"memory_limit_mb"`

	MissesMonths int         `koanf:"misses_months"`
	AuditMonths  int         `koanf:"audit_months"`
	LogLevel     string      `koanf:"log_level"`
	LogFormat    string      `koanf:"log_format"`
	Backup       backup.Plan `koanf:"backup"`

	Mail      Mail      `koanf:"mail"`
	SMTP      SMTP      `koanf:"smtp"`
	Mailboxes []Mailbox `koanf:"mailbox"`

	File  string `koanf:"-"` // the file it was read from, empty when there is none
	Trial Trial  `koanf:"-"`
}

// Trial is what only tests, demonstrations and developers choose. No key of the file and no variable of the environment
// sets it; its zero value is that of a desk in use.
type Trial struct {
	Clock  func() time.Time // the desk's clock; nil for the machine's. Use Config.Now
	Reload string           // folder of assets that are read again for each page; empty for those of the program
	NoSync bool             // what was written may be lost if the machine stops
	Twice  bool             // what is kept or quick is made the slow way as well, and a difference is an error

	MailGather time.Duration // how long events are collected into one letter; 0: a minute
	HeadTime   time.Duration // time limit for the header of a request; 0: see web/server.go
	BodyTime   time.Duration // time limit for its body
}

// Now returns the desk's time. Code that has the store or the desk asks that instead; it uses the same clock.
func (c Config) Now() time.Time {
	if c.Trial.Clock == nil {
		return time.Now()
	}
	return c.Trial.Clock()
}

// Default returns the configuration of a desk without a file or environment.
func Default() Config {
	return Config{Data: "./data", Listen: "127.0.0.1:8080", TimeZone: "Europe/Rome", TrustedProxies: []string{},
		LocalAddresses: []string{"127.0.0.0/8", "::1/128"}, MaxFileMB: 25,
		MaxConnections: 12_000, MaxConnectionsPerAddress: 1000, SlowestUploadKB: 8, MemoryLimitMB: 384,
		MissesMonths: 12, AuditMonths: 24, LogLevel: "info", LogFormat: "text", Backup: backup.DefaultPlan(),
		Mail: defaultMail(), SMTP: defaultSMTP(), Mailboxes: []Mailbox{}}
}

// envPrefix is the prefix of environment variables that set a key; a double underscore enters a table.
const envPrefix = "SPORTELLO_"

// Load reads the defaults, then the file (none when path is empty), then the environment; each overrides the one
// before. Every unknown key, every value of the wrong type and everything Validate finds is one line of the error.
func Load(path string, environ []string) (Config, error) {
	c := Default()
	k := koanf.New(".")
	if err := k.Load(structs.Provider(c, "koanf"), nil); err != nil {
		return c, fmt.Errorf("app: load defaults: %w", err)
	}
	known := configKeys()
	var wrong []error
	if path != "" {
		in := koanf.New(".")
		if err := in.Load(file.Provider(path), toml.Parser()); err != nil {
			return c, fmt.Errorf("app: read %s: %w", path, err)
		}
		wrong = append(wrong, unknownKeys(in, known)...)
		if err := k.Merge(in); err != nil {
			return c, fmt.Errorf("app: merge %s: %w", path, err)
		}
	}
	fromEnv, problems := readEnviron(environ, known)
	wrong = append(wrong, problems...)
	for key, value := range fromEnv {
		if err := k.Set(key, value); err != nil {
			return c, fmt.Errorf("app: read environment: %w", err)
		}
	}
	var out Config
	err := k.UnmarshalWithConf("", &out, koanf.UnmarshalConf{Tag: "koanf", DecoderConfig: &mapstructure.DecoderConfig{
		Result: &out, TagName: "koanf", DecodeHook: durationFromString}}) // unused keys were reported above
	if err != nil {
		return c, errors.Join(append(wrong, configError(err))...) // only partly decoded: further checks would mislead
	}
	out.File = path
	return out, errors.Join(append(wrong, out.Validate())...)
}

// durationFromString refuses a bare number as a duration: 90 would mean 90 nanoseconds.
func durationFromString(from, to reflect.Type, value any) (any, error) {
	if to != reflect.TypeFor[time.Duration]() || from == to {
		return value, nil
	}
	s, ok := value.(string)
	if !ok {
		return nil, fmt.Errorf("write a duration with its unit in quotes, such as \"90s\"")
	}
	return time.ParseDuration(s)
}

// configError puts each decoding problem on its own line.
func configError(err error) error {
	var lines []error
	for _, line := range strings.Split(err.Error(), "\n") {
		line = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(line), "* "))
		if line == "" || strings.HasPrefix(line, "decoding failed") || strings.HasSuffix(line, "error(s) decoding:") {
			continue
		}
		lines = append(lines, errors.New(strings.Replace(strings.Replace(line, "'", "", 1), "' ", ": ", 1)))
	}
	return errors.Join(lines...)
}

// configKeys returns all keys with the types of their values.
func configKeys() map[string]reflect.Type {
	keys := map[string]reflect.Type{}
	var walk func(prefix string, t reflect.Type)
	walk = func(prefix string, t reflect.Type) {
		for i := range t.NumField() {
			f := t.Field(i)
			name := f.Tag.Get("koanf")
			if name == "" || name == "-" {
				continue
			}
			if f.Type.Kind() == reflect.Struct {
				walk(prefix+name+".", f.Type)
				continue
			}
			if f.Type.Kind() == reflect.Slice && f.Type.Elem().Kind() == reflect.Struct {
				continue // [[tables]]: their keys are checked one by one
			}
			keys[prefix+name] = f.Type
		}
	}
	walk("", reflect.TypeFor[Config]())
	return keys
}

func unknownKeys(k *koanf.Koanf, known map[string]reflect.Type) []error {
	var out []error
	keys := k.Keys()
	slices.Sort(keys)
	for _, key := range keys {
		if key == "mailbox" {
			out = append(out, unknownMailboxKeys(k.Get(key))...)
			continue
		}
		if _, ok := known[key]; !ok {
			out = append(out, fmt.Errorf("%s: no such key", key))
		}
	}
	return out
}

func readEnviron(environ []string, known map[string]reflect.Type) (map[string]any, []error) {
	values := map[string]any{}
	var wrong []error
	for _, e := range environ {
		name, value, _ := strings.Cut(e, "=")
		rest, ok := strings.CutPrefix(name, envPrefix)
		if !ok || name == "SPORTELLO_CONFIG" {
			continue
		}
		key := strings.ToLower(strings.ReplaceAll(rest, "__", "."))
		kind, ok := known[key]
		if !ok {
			wrong = append(wrong, fmt.Errorf("%s: no such key (from the environment, %s)", key, name))
			continue
		}
		switch kind.Kind() {
		case reflect.Int:
			n, err := strconv.Atoi(value)
			if err != nil {
				wrong = append(wrong, fmt.Errorf("%s: %q is not a whole number (from the environment, %s)", key, value, name))
				continue
			}
			values[key] = n
		case reflect.Bool:
			b, err := strconv.ParseBool(value)
			if err != nil {
				wrong = append(wrong, fmt.Errorf("%s: %q is neither true nor false (from the environment, %s)", key, value, name))
				continue
			}
			values[key] = b
		case reflect.Slice:
			list := []string{}
			for _, s := range strings.Split(value, ",") {
				if s = strings.TrimSpace(s); s != "" {
					list = append(list, s)
				}
			}
			values[key] = list
		default:
			values[key] = value
		}
	}
	return values, wrong
}

// Validate returns all problems as one error, one problem a line, each beginning with its key.
func (c Config) Validate() error {
	var wrong []error
	bad := func(key, format string, args ...any) {
		wrong = append(wrong, fmt.Errorf("%s: %s", key, fmt.Sprintf(format, args...)))
	}
	if c.Data == "" {
		bad("data", "name a folder")
	}
	if err := listenAddress(c.Listen); err != nil {
		bad("listen", "%v", err)
	}
	if c.HTTPRedirect != "" {
		if err := listenAddress(c.HTTPRedirect); err != nil {
			bad("http_redirect", "%v", err)
		}
		if c.TLSCert == "" {
			bad("http_redirect", "leads to https, so tls_cert and tls_key are needed too")
		}
	}
	if c.BaseURL != "" {
		u, err := url.Parse(c.BaseURL)
		switch {
		case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
			bad("base_url", "%q is not an address such as https://desk.example.it", c.BaseURL)
		case strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil:
			bad("base_url", "%q must end after the host name: the desk needs a host of its own", c.BaseURL)
		}
	}
	if (c.TLSCert == "") != (c.TLSKey == "") {
		bad("tls_cert", "tls_cert and tls_key go together")
	}
	if _, err := time.LoadLocation(c.TimeZone); err != nil || c.TimeZone == "" {
		bad("time_zone", "%q is no time zone such as Europe/Rome", c.TimeZone)
	}
	for _, s := range c.TrustedProxies {
		if _, err := ParsePrefix(s); err != nil {
			bad("trusted_proxies", "%q is no address or network", s)
		}
	}
	for _, s := range c.LocalAddresses {
		if _, err := ParsePrefix(s); err != nil {
			bad("local_addresses", "%q is no address or network", s)
		}
	}
	if c.MaxFileMB < 1 || c.MaxFileMB > 1024 {
		bad("max_file_mb", "%d is not between 1 and 1024", c.MaxFileMB)
	}
	if c.MaxConnections < 16 || c.MaxConnections > 1_000_000 {
		bad("max_connections", "%d is not between 16 and 1000000", c.MaxConnections)
	}
	if c.MaxConnectionsPerAddress < 0 || c.MaxConnectionsPerAddress > 1_000_000 {
		bad("max_connections_per_address", "%d is not between 0 and 1000000", c.MaxConnectionsPerAddress)
	}
	if c.SlowestUploadKB < 1 || c.SlowestUploadKB > 1024 {
		bad("slowest_upload_kb", "%d is not between 1 and 1024", c.SlowestUploadKB)
	}
	if c.MemoryLimitMB != 0 && (c.MemoryLimitMB < 64 || c.MemoryLimitMB > 1_000_000) {
		bad("memory_limit_mb", "%d is neither 0 nor between 64 and 1000000", c.MemoryLimitMB)
	}
	if c.MissesMonths < 0 || c.MissesMonths > 120 {
		bad("misses_months", "%d is not between 0 and 120", c.MissesMonths)
	}
	if c.AuditMonths < 6 || c.AuditMonths > 240 {
		bad("audit_months", "%d is not between 6 and 240", c.AuditMonths)
	}
	if _, err := c.level(); err != nil {
		bad("log_level", "%q is none of debug, info, warn, error", c.LogLevel)
	}
	if c.LogFormat != "text" && c.LogFormat != "json" {
		bad("log_format", "%q is neither text nor json", c.LogFormat)
	}
	c.Backup.Validate(c.Data, bad)
	c.validateMail(bad)
	return errors.Join(wrong...)
}

func (c Config) level() (slog.Level, error) {
	var l slog.Level
	err := l.UnmarshalText([]byte(c.LogLevel))
	if err == nil && strings.ContainsAny(c.LogLevel, "+-") {
		err = errors.New("app: level with an offset")
	}
	return l, err
}

func listenAddress(s string) error {
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		return fmt.Errorf("%q is not an address such as 127.0.0.1:8080", s)
	}
	if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
		return fmt.Errorf("%q has no port from 0 to 65535", s)
	}
	if strings.ContainsAny(host, "/ ") {
		return fmt.Errorf("%q has no host name", s)
	}
	return nil
}

// ParsePrefix parses a network, or a single address as a network of one.
func ParsePrefix(s string) (netip.Prefix, error) {
	if p, err := netip.ParsePrefix(s); err == nil {
		return p.Masked(), nil
	}
	addr, err := netip.ParseAddr(s)
	if err != nil {
		return netip.Prefix{}, err
	}
	addr = addr.Unmap()
	return netip.PrefixFrom(addr, addr.BitLen()), nil
}

// Redacted returns the configuration as lines of TOML without secrets, for doctor and the log.
func (c Config) Redacted() string {
	var b strings.Builder
	redact(&b, "", reflect.ValueOf(c))
	return b.String()
}

// redact writes the plain keys of a table, then its subtables, each below its name.
func redact(b *strings.Builder, table string, v reflect.Value) {
	var tables []int
	for i := range v.NumField() {
		name := v.Type().Field(i).Tag.Get("koanf")
		if name == "" {
			continue
		}
		if k := v.Field(i).Kind(); k == reflect.Struct || k == reflect.Slice && v.Field(i).Type().Elem().Kind() == reflect.Struct {
			tables = append(tables, i)
			continue
		}
		value := v.Field(i).Interface()
		if strings.Contains(name, "password") || strings.Contains(name, "secret") {
			value = "..."
		}
		fmt.Fprintf(b, "%s = %s\n", name, tomlValue(value))
	}
	for _, i := range tables {
		name := table + v.Type().Field(i).Tag.Get("koanf")
		if list := v.Field(i); list.Kind() == reflect.Slice {
			for n := range list.Len() {
				fmt.Fprintf(b, "\n[[%s]]\n", name)
				redact(b, name+".", list.Index(n))
			}
			continue
		}
		fmt.Fprintf(b, "\n[%s]\n", name)
		redact(b, name+".", v.Field(i))
	}
}

func tomlValue(v any) string {
	switch v := v.(type) {
	case string:
		return strconv.Quote(v)
	case time.Duration:
		return strconv.Quote(v.String())
	case []string:
		quoted := make([]string, len(v))
		for i, s := range v {
			quoted[i] = strconv.Quote(s)
		}
		return "[" + strings.Join(quoted, ", ") + "]"
	}
	return fmt.Sprint(v)
}

// Find returns the file to read: the named one, else SPORTELLO_CONFIG, else ./config.toml if it exists, else none.
func Find(named string) string {
	if named != "" {
		return named
	}
	if s := os.Getenv("SPORTELLO_CONFIG"); s != "" {
		return s
	}
	if _, err := os.Stat("config.toml"); err == nil {
		return "config.toml"
	}
	return ""
}

// DataFolder returns the data folder as an absolute path.
func (c Config) DataFolder() string {
	if abs, err := filepath.Abs(c.Data); err == nil {
		return abs
	}
	return c.Data
}

// Logger returns the logger of a desk with this configuration; it writes to w.
func (c Config) Logger(w io.Writer) *slog.Logger {
	level, err := c.level()
	if err != nil {
		level = slog.LevelInfo
	}
	o := &slog.HandlerOptions{Level: level}
	if c.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, o))
	}
	return slog.New(slog.NewTextHandler(w, o))
}
