// Create conversation
const response = await fetch("http://localhost:8000/api/chat/conversations", {
  method: "POST",
  headers: {
    Authorization: `Bearer ${token}`,
    "Content-Type": "application/json",
  },
  body: JSON.stringify({
    name: "Team Chat",
    is_group: true,
    participant_ids: ["user-1", "user-2"],
  }),
});

const conversation = await response.json();

// Connect to WebSocket
const ws = new WebSocket(
  `ws://localhost:8000/api/chat/ws/${conversation.id}?token=${token}`,
);

ws.onmessage = (event) => {
  const message = JSON.parse(event.data);
  console.log(`${message.sender_username}: ${message.content}`);
};

// Send message
ws.send(
  JSON.stringify({
    type: "message",
    content: "Hello everyone!",
  }),
);
