// Chat messages as templates take them.

export interface ChatMessage {
  role: string;
  content: string;
  name?: string;
}
