package cloudsim

import "time"

// message is what Cinder tells a user about something that went wrong.
type message struct {
	Resource
	about, kind, event, text, request string
}

// messageLifetime is how long Cinder keeps a message at least.
const messageLifetime = 30 * 24 * time.Hour

// report leaves a message for the owner of a resource.
func (c *Cloud) report(on *Resource, kind, event, text, request string) {
	m := &message{about: on.ID, kind: kind, event: event, text: text, request: request}
	m.Resource = Resource{ID: c.newID("message"), Project: on.Project, CreatedAt: c.now}
	c.messages[m.ID] = m
}

// reportBackup leaves a message about a backup, whichever volume it was to be restored into.
func (c *Cloud) reportBackup(b *Backup, event, text string) {
	c.report(&b.Resource, "VOLUME_BACKUP", "VOLUME_VOLUME_BACKUP_"+event, text, b.request)
}

func (c *Cloud) listMessages(r *call) (*answer, error) {
	if r.minor < 3 {
		return nil, tooNew()
	}
	if r.minor < 5 {
		clear(r.query) // neither pages nor filters
	}
	return list(c, r, c.messages, listing[*message]{
		collection: "messages", kind: "Message", everyProject: true, // yes, Cinder shows everybody's
		filters: map[string]filter[*message]{
			"resource_uuid": same(func(m *message) any { return m.about }), "resource_type": same(func(m *message) any { return m.kind }),
			"event_id": same(func(m *message) any { return m.event }), "request_id": same(func(m *message) any { return m.request }),
			"message_level": same(func(*message) any { return "ERROR" }),
		},
		view: func(m *message, _ bool) any {
			return object{"id": m.ID, "event_id": m.event, "user_message": m.text, "message_level": "ERROR", "created_at": stamp(m.CreatedAt),
				"guaranteed_until": stamp(m.CreatedAt.Add(messageLifetime)), "request_id": m.request, "links": r.links("messages", m.ID),
				"resource_type": m.kind, "resource_uuid": m.about}
		},
	})
}
