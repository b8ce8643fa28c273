package cloud

import (
	"fmt"
	"regexp"
	"strings"
)

// refuse refuses by name what selects something in a way that is not carried out
// here: to pass over it would be to go somewhere else than asked.
func (c *config) refuse() error {
	for _, key := range c.top.keys {
		if strings.HasSuffix(underscored(key), "endpoint_type") {
			return configErrorf("'%s' of cloud '%s' in %s is not read with dashes; write '%s'", key, c.name, c.top.values[key].file, strings.TrimSuffix(underscored(key), "endpoint_type")+"interface")
		}
	}
	for _, s := range loginSettings {
		if v := c.login[s.name]; v.kind > scalar {
			return c.notText(s.name, v)
		}
	}
	for _, key := range selecting() {
		if v := c.top.named(key); v.kind > scalar && (v.kind != sequence || !strings.HasSuffix(key, "interface")) {
			return c.notText(key, v)
		}
	}
	if key, v := c.forService(blockStorageTypes, "api_version"); v.set() && !isVersion(v.text, "3") {
		return configErrorf("%s of cloud '%s' in %s is '%s'; only version 3 is tested: remove it", key, c.name, v.file, Printable(v.text))
	}
	if key, v := c.forService(imageTypes, "api_version"); v.set() && !isVersion(v.text, "2") {
		c.warnings = append(c.warnings, fmt.Sprintf("%s of cloud '%s' in %s is '%s' and not followed: only version 2 is used", key, c.name, v.file, Printable(v.text)))
	}
	if key, v := c.forService(blockStorageTypes, "default_microversion"); v.set() {
		c.warnings = append(c.warnings, fmt.Sprintf("%s of cloud '%s' in %s is not followed: each call names the microversion that it needs", key, c.name, v.file))
	}
	if v := c.top.named("has_block_storage"); v.kind != absent && isOff(v) {
		return configErrorf("has_block_storage of cloud '%s' in %s says that there is no Block Storage; remove it to test it", c.name, v.file)
	}
	if c.method == byOIDCPassword && c.authValue("idp_otp_key") != "" {
		return configErrorf("cloud '%s' in %s has an idp_otp_key, and a one-time password cannot be asked for here; %s", c.name, c.fileOf("idp_otp_key"), insteadOfAuthMethod)
	}
	return c.checkSwitches()
}

func (c *config) notText(key string, v value) error {
	return configErrorf("'%s' of cloud '%s' in %s is %s (line %d), where a text is expected", key, c.name, v.file, v.kind, v.line)
}

// isVersion tells whether a version, with or without a minor one, is of this major
// one. What is not a number says nothing.
func isVersion(text, major string) bool {
	number := regexp.MustCompile(`^\s*v?(\d+)(?:\.\d*)?\s*$`).FindStringSubmatch(text)
	return number == nil || number[1] == major
}

// checkSwitches refuses what may be meant as a switch, and is none for openstacksdk.
func (c *config) checkSwitches() error {
	if v := c.top.named("insecure"); v.kind == scalar && v.plain && !isOn(v) && !isOff(v) && !strings.EqualFold(v.text, "y") && !strings.EqualFold(v.text, "n") && v.text != "" {
		return configErrorf("insecure of cloud '%s' in %s is '%s'; write true or false", c.name, v.file, Printable(v.text))
	}
	return nil
}

// isOn and isOff read a switch as openstacksdk's YAML 1.1 reader does: without
// quotes, and only these words.
func isOn(v value) bool  { return v.isWord("true", "yes", "on") }
func isOff(v value) bool { return v.isWord("false", "no", "off") }

func (v value) isWord(words ...string) bool {
	for _, word := range words {
		if v.kind == scalar && v.plain && (v.text == word || v.text == strings.ToUpper(word) || v.text == strings.ToUpper(word[:1])+word[1:]) {
			return true
		}
	}
	return false
}

var (
	placeholder = regexp.MustCompile(`\{\{|\}\}|\{(\w*)\}|[{}]`)
	shellStyle  = regexp.MustCompile(`\$\{?[A-Za-z_]\w*\}?`)
)

// expand fills templates such as https://{region_name}.example.com in the values
// that openstacksdk fills them in and that are used here.
func (c *config) expand() error {
	if v := c.login["auth_url"]; !c.environment {
		if unset := shellStyle.FindString(v.text); unset != "" {
			return configErrorf("auth_url of cloud '%s' in %s still holds '%s': no program replaces variables in this file; write the address itself", c.name, v.file, Printable(unset))
		}
	}
	filled, err := c.fill("auth_url", c.login["auth_url"])
	if err != nil {
		return err
	}
	c.login["auth_url"] = filled
	for _, key := range selecting() {
		for _, written := range c.top.keys {
			if underscored(written) != key {
				continue
			}
			filled, err := c.fill(key, c.top.values[written])
			if err != nil {
				return err
			}
			c.top.put(written, filled)
		}
	}
	return nil
}

// fill fills the templates of one value.
func (c *config) fill(key string, v value) (value, error) {
	var problem error
	v.text = placeholder.ReplaceAllStringFunc(v.text, func(part string) string {
		switch part {
		case "{{", "}}":
			return part[:1]
		case "{", "}", "{}":
			problem = configErrorf("%s of cloud '%s' in %s has a '%s' that belongs to no template; double it if it is meant", key, c.name, v.file, part)
			return part
		}
		name := strings.Trim(part, "{}")
		filled := c.value(name)
		if filled == "" {
			filled = c.authValue(name)
		}
		if _, secret := c.method.secret(); filled == "" || secret == name {
			problem = configErrorf("%s of cloud '%s' in %s uses '{%s}', which the cloud does not set", key, c.name, v.file, Printable(name))
		}
		return filled
	})
	return v, problem
}
