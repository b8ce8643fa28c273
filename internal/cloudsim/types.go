package cloudsim

// Names of the volume types on offer; the first one is the default.
const (
	DefaultType   = "cloudsim"
	OtherType     = "cloudsim-2"
	EncryptedType = "cloudsim-luks" // only with Config.WithEncryptedType
)

type volumeType struct {
	id, name  string
	private   bool // only an administrator may use it
	minSize   int  // GiB
	encrypted bool
}

func (c *Cloud) volumeTypes() []volumeType {
	types := []volumeType{{name: DefaultType, private: c.config.PrivateDefaultType, minSize: c.config.MinVolumeSize}, {name: OtherType}}
	if c.config.WithEncryptedType {
		types = append(types, volumeType{name: EncryptedType, encrypted: true})
	}
	for i := range types {
		types[i].id = c.newID("type")
	}
	return types
}

func (c *Cloud) listTypes(r *call) (*answer, error) {
	list := []object{}
	for _, t := range c.types {
		if !t.private || r.token.admin() {
			list = append(list, t.view(true))
		}
	}
	return ok(object{"volume_types": list}), nil
}

func (c *Cloud) showType(r *call) (*answer, error) {
	name := r.id
	if name == "default" {
		name = DefaultType
	}
	t, err := c.typeFor(r, name)
	if err != nil {
		return nil, err
	}
	return ok(object{"volume_type": t.view(false)}), nil
}

func (t volumeType) view(listed bool) object {
	v := object{"id": t.id, "name": t.name, "is_public": !t.private, "description": nil, "extra_specs": object{}}
	if listed {
		v["os-volume-type-access:is_public"] = !t.private
	}
	return v
}

// findType looks a type up by name or id.
func (c *Cloud) findType(name string) (volumeType, error) {
	for _, t := range c.types {
		if name == t.name || name == t.id {
			return t, nil
		}
	}
	return volumeType{}, noType(name)
}

// typeFor is findType for the caller, to whom a private type does not exist.
func (c *Cloud) typeFor(r *call, name string) (volumeType, error) {
	t, err := c.findType(name)
	if err == nil && t.private && !r.token.admin() {
		return volumeType{}, noType(name)
	}
	return t, err
}

func noType(name string) error {
	if uuidFormat.MatchString(name) {
		return notFound("Volume type", name)
	}
	return notFound("Volume type with name", name)
}

// newVolumeType is the type of a new volume, by the name that was asked for or that it gets without.
func (c *Cloud) newVolumeType(r *call, asked, otherwise string, size int) (string, error) {
	if asked == "" { // Cinder looks it up by its id then
		t, err := c.findType(otherwise)
		if err != nil {
			return "", err
		}
		asked = t.id
	}
	t, err := c.typeFor(r, asked)
	if err == nil && size < t.minSize {
		err = malformed("Invalid input received: Specified volume size of '%d' is less than the minimum required size of '%d' for volume type '%s'.", size, t.minSize, t.name)
	}
	return t.name, err
}

// encrypted says whether a volume is, by its type.
func (c *Cloud) encrypted(v *Volume) bool {
	t, err := c.findType(v.Type)
	return err == nil && t.encrypted
}

// ciphertext is what is on an encrypted volume's device, as far as it has been written to.
func (d disk) ciphertext(key byte) disk {
	enciphered := disk{}
	for i, chunk := range d {
		enciphered[i] = make([]byte, chunkSize)
		for j, b := range chunk {
			enciphered[i][j] = b ^ 0xa5 ^ key
		}
	}
	return enciphered
}
