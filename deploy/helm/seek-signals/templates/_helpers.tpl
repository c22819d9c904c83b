{{- define "seek-signals.labels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
{{- end }}

{{- define "seek-signals.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "seek-signals.name" -}}
{{- if contains .Chart.Name .Release.Name }}{{ .Release.Name | trunc 40 | trimSuffix "-" }}
{{- else }}{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 40 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- define "seek-signals.image" -}}
{{- with .Values.image }}
{{- if .digest }}{{ printf "%s@%s" .repository .digest }}
{{- else }}{{ printf "%s:%s" .repository (.tag | default $.Chart.AppVersion) }}{{ end }}
{{- end }}
{{- end }}

{{/* One TOML file. Texts go through toJson: TOML's basic strings have JSON's escapes. */}}
{{- define "seek-signals.toml" -}}
{{- if hasKey .Values.settings "SEEK_SIGNALS_GRACE_S" }}
{{- fail "settings.SEEK_SIGNALS_GRACE_S: set terminationGracePeriodSeconds instead, which says both" }}
{{- end }}
{{- range $name, $value := .Values.settings }}
{{ $name }} = {{ $value | toJson }}
{{- end }}
SEEK_SIGNALS_GRACE_S = {{ .Values.terminationGracePeriodSeconds }}
SEEK_SIGNALS_HTTP_HOST = "0.0.0.0"
SEEK_SIGNALS_HTTP_PORT = {{ .Values.port }}
{{- end }}

{{- define "seek-signals.environment" -}}
- name: SEEK_SIGNALS_CONFIG
  value: /etc/seek-signals/seek-signals.toml
{{- range .Values.secrets }}
- name: {{ .setting }}_FILE
  value: /run/secrets/seek-signals/{{ .setting }}
{{- end }}
{{- end }}

{{- define "seek-signals.mounts" -}}
- name: settings
  mountPath: /etc/seek-signals
  readOnly: true
{{- if .Values.secrets }}
- name: secrets
  mountPath: /run/secrets/seek-signals
  readOnly: true
{{- end }}
{{- range .Values.files }}
- name: {{ .name }}
  mountPath: {{ .path }}
  readOnly: true
{{- end }}
{{- end }}

{{- define "seek-signals.volumes" -}}
- name: settings
  configMap:
    name: {{ include "seek-signals.name" . }}
{{- if .Values.secrets }}
- name: secrets
  projected:
    defaultMode: 0440
    sources:
      {{- range .Values.secrets }}
      - secret:
          name: {{ .secret }}
          items:
            - key: {{ .key }}
              path: {{ .setting }}
      {{- end }}
{{- end }}
{{- range .Values.files }}
- name: {{ .name }}
  {{- if .secret }}
  secret:
    secretName: {{ .secret }}
    defaultMode: 0440
  {{- else }}
  configMap:
    name: {{ required "files: each entry names a secret or a configMap" .configMap }}
  {{- end }}
{{- end }}
{{- end }}

{{- define "seek-signals.container-security" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{- define "seek-signals.pod-security" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{/* What the pods of both kinds of workload are. */}}
{{- define "seek-signals.pod" -}}
metadata:
  labels:
    {{- include "seek-signals.labels" . | nindent 4 }}
    {{- with .Values.podLabels }}{{ toYaml . | nindent 4 }}{{ end }}
  annotations:
    # A pod reads its settings once: a change of them is a rollout.
    checksum/settings: {{ include "seek-signals.toml" . | sha256sum }}
    {{- with .Values.podAnnotations }}{{ toYaml . | nindent 4 }}{{ end }}
spec:
  automountServiceAccountToken: false
  enableServiceLinks: false
  terminationGracePeriodSeconds: {{ .Values.terminationGracePeriodSeconds }}
  securityContext:
    {{- include "seek-signals.pod-security" . | nindent 4 }}
  {{- with .Values.imagePullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  containers:
    - name: seek-signals
      image: {{ include "seek-signals.image" . }}
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      args: [run]
      env:
        {{- include "seek-signals.environment" . | nindent 8 }}
        {{- if eq .Values.kind "StatefulSet" }}
        - name: KAFKA_GROUP_INSTANCE_ID
          valueFrom:
            fieldRef:
              fieldPath: metadata.name
        {{- end }}
      ports:
        - name: metrics
          containerPort: {{ .Values.port }}
      startupProbe:
        httpGet: {path: /livez, port: metrics}
        periodSeconds: 2
        failureThreshold: 30
      livenessProbe:
        httpGet: {path: /livez, port: metrics}
        periodSeconds: 20
        timeoutSeconds: 5
        failureThreshold: 3
      readinessProbe:
        httpGet: {path: /readyz, port: metrics}
        periodSeconds: 5
        timeoutSeconds: 5
      resources:
        {{- toYaml .Values.resources | nindent 8 }}
      securityContext:
        {{- include "seek-signals.container-security" . | nindent 8 }}
      volumeMounts:
        {{- include "seek-signals.mounts" . | nindent 8 }}
  volumes:
    {{- include "seek-signals.volumes" . | nindent 4 }}
  topologySpreadConstraints:
    {{- if .Values.topologySpreadConstraints }}
    {{- toYaml .Values.topologySpreadConstraints | nindent 4 }}
    {{- else }}
    - maxSkew: 1
      topologyKey: kubernetes.io/hostname
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels:
          {{- include "seek-signals.selector" . | nindent 10 }}
    {{- end }}
  {{- with .Values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}
