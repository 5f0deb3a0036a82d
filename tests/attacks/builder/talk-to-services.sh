#!/bin/sh
# tries: to reach services that would do anything for the user: agents for keys, the session bus, a container engine
# bare: blocked
{
  echo "SSH_AUTH_SOCK=$SSH_AUTH_SOCK GPG_AGENT_INFO=$GPG_AGENT_INFO DBUS=$DBUS_SESSION_BUS_ADDRESS DISPLAY=$DISPLAY DOCKER_HOST=$DOCKER_HOST"
  cat "$HOST_HOME/agent.sock.secret"
} > /dev/null 2>&1
[ -z "$SSH_AUTH_SOCK$DBUS_SESSION_BUS_ADDRESS$DISPLAY$WAYLAND_DISPLAY$DOCKER_HOST" ] || touch "$LOOT/service"
[ -z "$SSH_AUTH_SOCK$DBUS_SESSION_BUS_ADDRESS$DISPLAY$WAYLAND_DISPLAY$DOCKER_HOST" ] || echo "loot: a session socket" > found
echo work > work
