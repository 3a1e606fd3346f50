import { ActionIcon, Button, FileButton, Group, Stack, Textarea } from "@mantine/core";
import { IconPhotoPlus, IconPlayerStop, IconSend, IconX } from "@tabler/icons-react";
import { type FormEvent, type KeyboardEvent, useState } from "react";
import { useTranslation } from "react-i18next";

import { type Turn, turn } from "../../api/chat";
import { dataUrl } from "../../parts/dataUrl";
import classes from "./Playground.module.css";

const MOST_BYTES = 8 * 1_048_576;

/** What is said next: text, and images with it. */
export function Composer({ pending, onSay, onStop }: { pending: boolean; onSay: (it: Turn) => void; onStop: () => void }) {
  const { t } = useTranslation();
  const [text, setText] = useState("");
  const [images, setImages] = useState<string[]>([]);
  const [wrong, setWrong] = useState<string | null>(null);
  const say = () => {
    if (pending || (!text.trim() && images.length === 0)) return;
    onSay(turn("user", text.trim(), { images }));
    setText("");
    setImages([]);
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    say();
  };
  const onKey = (event: KeyboardEvent) => {
    // While letters are being put together (Chinese, say), Enter ends a word.
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    say();
  };
  const add = (files: File[]) => {
    if (files.some((it) => it.size > MOST_BYTES)) return setWrong(t("playground.tooLarge"));
    setWrong(null);
    return void Promise.all(files.map(dataUrl)).then((more) => setImages((now) => [...now, ...more]), () => setWrong(t("playground.imageFailed")));
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="xs">
        <Textarea label={t("playground.say")} description={t("playground.sayHint")} autosize minRows={2} maxRows={10} value={text} onChange={(event) => setText(event.currentTarget.value)} onKeyDown={onKey} error={wrong} />
        {images.length > 0 ? (
          <Group gap="xs">
            {images.map((url, at) => (
              <Group key={url} gap={2} wrap="nowrap">
                <img src={url} alt={t("playground.image", { number: at + 1 })} className={classes.thumbnail} />
                <ActionIcon variant="subtle" color="gray" aria-label={t("playground.removeImage", { number: at + 1 })} onClick={() => setImages(images.filter((_, other) => other !== at))}>
                  <IconX size={14} aria-hidden />
                </ActionIcon>
              </Group>
            ))}
          </Group>
        ) : null}
        <Group justify="space-between">
          <FileButton onChange={add} accept="image/*" multiple>
            {(props) => (
              <Button variant="default" leftSection={<IconPhotoPlus size={16} aria-hidden />} {...props}>
                {t("playground.addImage")}
              </Button>
            )}
          </FileButton>
          {pending ? (
            <Button color="red" variant="light" leftSection={<IconPlayerStop size={16} aria-hidden />} onClick={onStop}>
              {t("playground.stop")}
            </Button>
          ) : (
            <Button type="submit" leftSection={<IconSend size={16} aria-hidden />}>
              {t("playground.send")}
            </Button>
          )}
        </Group>
      </Stack>
    </form>
  );
}
