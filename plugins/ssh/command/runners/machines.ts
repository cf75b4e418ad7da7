import type { Runners } from "../catalogue.ts";

/** Containers, machines, the system itself. */
export const machines: Runners = {
  "containers and machines: exec, run, hooks, plugins, runtimes": `
    buildah crictl crun ctr docker-compose helm helmfile incus k3s kind kustomize lxc lxc-attach
    lxc-execute microk8s minikube podman-compose runc skopeo stern vagrant virsh virt-customize`,
  "runs what it is told to, on many machines": `
    ansible ansible-config ansible-console ansible-doc ansible-galaxy ansible-inventory
    ansible-playbook ansible-pull ansible-test ansible-vault bolt cfagent chef-apply chef-client
    chef-solo eb facter packer pulumi puppet salt salt-call salt-ssh terraform terragrunt tofu`,
  "the kernel or an init system runs what it is given: modules, units, rules, images": `
    adduser busctl dbus-send debugfs depmod dmsetup dracut dstat fsck gdbus grub-install homectl
    insmod kexec logrotate lvcreate lvm lvremove lvs mdadm mkfs mkinitcpio mkinitramfs modprobe
    neofetch pvs systemd-analyze systemd-ask-password systemd-cgls systemd-delta systemd-firstboot
    systemd-mount systemd-repart systemd-resolve systemd-sysusers systemd-tmpfiles udevadm
    update-grub update-initramfs userdbctl varlinkctl vgcreate vgs`,
  "keeps the system: hooks and scripts": `
    etckeeper logwatch needrestart unattended-upgrade unattended-upgrades`,
};
